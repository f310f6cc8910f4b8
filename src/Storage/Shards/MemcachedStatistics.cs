using System.Globalization;
using System.Text;

namespace Mjolnir.Storage.Shards;

/// <summary>Lines <c>STAT name value</c>.</summary>
internal sealed class MemcachedStatistics
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public MemcachedStatistics(ReadOnlySpan<byte> lines)
    {
        foreach (var line in Encoding.UTF8.GetString(lines).Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ', 3) is ["STAT", var name, var value])
            {
                _values[name] = value;
            }
        }
    }

    /// <summary>A figure's text; empty if there is none.</summary>
    public string Text(string name) => _values.GetValueOrDefault(name, "");

    /// <summary>A figure; 0 if there is none.</summary>
    public long Number(string name) => long.TryParse(Text(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>A fraction; 0 if there is none.</summary>
    public double Fraction(string name) => double.TryParse(Text(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
