using System.Globalization;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Http.Calls;

/// <summary>The header that tells where a transaction's time went (W3C Server Timing), in milliseconds.</summary>
internal static class ServerTiming
{
    private const int MostCharacters = 128;

    public static string Text(in TransactionTiming timing)
    {
        Span<char> text = stackalloc char[MostCharacters];
        var length = 0;
        Append(text, ref length, "route;dur=", timing.Route);
        Append(text, ref length, ", read;dur=", timing.Read);
        Append(text, ref length, ", run;dur=", timing.Run);
        Append(text, ref length, ", lock;dur=", timing.Lock);
        Append(text, ref length, ", log;dur=", timing.Log);
        return text[..length].ToString();
    }

    private static void Append(Span<char> text, ref int length, string name, int microseconds)
    {
        name.CopyTo(text[length..]);
        length += name.Length;
        (microseconds / 1000).TryFormat(text[length..], out var written, default, CultureInfo.InvariantCulture);
        length += written;
        if (microseconds % 1000 is var rest && rest != 0)
        {
            text[length++] = '.';
            rest.TryFormat(text[length..], out written, "000", CultureInfo.InvariantCulture);
            length += written;
        }
    }
}
