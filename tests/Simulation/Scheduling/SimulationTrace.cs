using System.Globalization;
using System.Text;

namespace Mjolnir.Simulation.Tests.Scheduling;

/// <summary>What happened, line by line; kept only when somebody wants to read it.</summary>
internal sealed class SimulationTrace(bool isOn)
{
    private readonly StringBuilder _text = new();

    public bool IsOn => isOn;

    public Func<long> Clock { get; set; } = static () => 0;

    public string Text => _text.ToString();

    public void Line(string who, string what)
    {
        if (isOn)
        {
            _text.Append(CultureInfo.InvariantCulture, $"{Clock() / 10_000.0,12:F4} {who,-10} {what}\n");
        }
    }

    /// <summary>Costs nothing unless it is on.</summary>
    public void Line(string who, [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument("")] TraceText what)
    {
        if (isOn)
        {
            Line(who, what.ToString());
        }
    }

    /// <summary>Text that is only made when the trace is on.</summary>
    [System.Runtime.CompilerServices.InterpolatedStringHandler]
    public readonly ref struct TraceText
    {
        private readonly StringBuilder? _text;

        public TraceText(int literalLength, int formattedCount, SimulationTrace trace, out bool isWanted)
        {
            isWanted = trace.IsOn;
            _text = isWanted ? new StringBuilder(literalLength + (formattedCount * 8)) : null;
        }

        public void AppendLiteral(string text) => _text!.Append(text);

        public void AppendFormatted<T>(T value) => _text!.Append(CultureInfo.InvariantCulture, $"{value}");

        public void AppendFormatted<T>(T value, string format) => _text!.AppendFormat(CultureInfo.InvariantCulture, "{0:" + format + "}", value);

        public override string ToString() => _text?.ToString() ?? "";
    }
}
