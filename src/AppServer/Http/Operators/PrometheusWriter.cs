using System.Globalization;
using System.Text;

namespace Mjolnir.AppServer.Http.Operators;

/// <summary>Writes metrics in Prometheus' text format 0.0.4. Names begin with <c>mjolnir_</c>.</summary>
public sealed class PrometheusWriter
{
    private readonly StringBuilder _text = new(4096);

    /// <summary>A value that only rises; its name ends in <c>_total</c>.</summary>
    public void Counter(string name, string help, long value) => Single(name, help, "counter", value);

    /// <summary>A value that rises and falls.</summary>
    public void Gauge(string name, string help, double value) => Single(name, help, "gauge", value);

    /// <summary>Begins a family whose values differ by labels; follow with samples.</summary>
    /// <param name="name">the family</param>
    /// <param name="help">one line of plain words</param>
    /// <param name="type"><c>counter</c>, <c>gauge</c> or <c>histogram</c></param>
    public void Family(string name, string help, string type)
        => _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n').Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    /// <summary>One value of a family.</summary>
    /// <param name="name">the family's name, perhaps with a suffix</param>
    /// <param name="label">the label's name</param>
    /// <param name="labelValue">its value</param>
    /// <param name="value">the value</param>
    public void Sample(string name, string label, string labelValue, double value)
    {
        _text.Append(name).Append('{').Append(label).Append("=\"");
        _text.Append(labelValue.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal));
        _text.Append("\"} ").Append(Text(value)).Append('\n');
    }

    /// <summary>One value without labels.</summary>
    public void Sample(string name, double value) => _text.Append(name).Append(' ').Append(Text(value)).Append('\n');

    /// <summary>All that was written.</summary>
    public override string ToString() => _text.ToString();

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private void Single(string name, string help, string type, double value)
    {
        Family(name, help, type);
        Sample(name, value);
    }
}
