using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Mjolnir.AppServer.Http.Files;

/// <summary>How a file's bytes may travel (RFC 9110, 8.4.1).</summary>
internal enum ContentCoding
{
    Identity,
    Gzip,
    Brotli,
}

/// <summary>What a client accepts, by quality (RFC 9110, 12.5.3).</summary>
internal readonly struct AcceptedCodings
{
    private readonly double? _identity;
    private readonly double? _gzip;
    private readonly double? _brotli;
    private readonly double? _others;

    private AcceptedCodings(double? identity, double? gzip, double? brotli, double? others)
        => (_identity, _gzip, _brotli, _others) = (identity, gzip, brotli, others);

    /// <summary>Reads the header; without one only identity is sure to be understood.</summary>
    public static AcceptedCodings Read(StringValues header)
    {
        double? identity = null, gzip = null, brotli = null, others = null;
        foreach (var line in header)
        {
            foreach (var range in line.AsSpan().Split(','))
            {
                var item = line.AsSpan(range);
                var name = item[..(item.IndexOf(';') is var at && at < 0 ? item.Length : at)].Trim();
                var quality = Quality(item);
                if (Is(name, "br"))
                {
                    brotli = quality;
                }
                else if (Is(name, "gzip") || Is(name, "x-gzip"))
                {
                    gzip = quality;
                }
                else if (Is(name, "identity"))
                {
                    identity = quality;
                }
                else if (name is "*")
                {
                    others = quality;
                }
            }
        }

        return new AcceptedCodings(identity, gzip, brotli, others);
    }

    /// <summary>0: must not be used. Identity is acceptable unless it is excluded, but what is asked for by name comes first.</summary>
    public double QualityOf(ContentCoding coding) => coding switch
    {
        ContentCoding.Brotli => _brotli ?? _others ?? 0,
        ContentCoding.Gzip => _gzip ?? _others ?? 0,
        _ => _identity ?? (_others == 0 ? 0 : double.Epsilon),
    };

    private static bool Is(ReadOnlySpan<char> name, string coding) => name.Equals(coding, StringComparison.OrdinalIgnoreCase);

    private static double Quality(ReadOnlySpan<char> item)
    {
        foreach (var range in item.Split(';'))
        {
            var parameter = item[range].Trim();
            if (parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase))
            {
                return double.TryParse(parameter[2..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var quality) ? Math.Clamp(quality, 0, 1) : 0;
            }
        }

        return 1;
    }
}
