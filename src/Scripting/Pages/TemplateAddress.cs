using System.Buffers;

namespace Mjolnir.Scripting.Pages;

/// <summary>
/// Addresses that templates yield. Escaping does not help against <c>javascript:</c>: a user who may choose another's link would run code in the other's page. So a value
/// may choose the scheme only among those that are harmless to follow.
/// </summary>
public static class TemplateAddress
{
    /// <summary>Stands where an address was not harmless: leads nowhere, and tells the author why.</summary>
    public const string Refused = "about:invalid#refused-by-mjolnir";

    private static readonly HashSet<string> Attributes =
        ["href", "xlink:href", "src", "action", "formaction", "poster", "background", "cite", "longdesc", "ping", "manifest"];

    private static readonly HashSet<string> Schemes = new(["http", "https", "mailto", "tel", "sms", "geo", "ftp"], StringComparer.OrdinalIgnoreCase);

    private static readonly string[] Images = ["png", "jpeg", "gif", "webp", "avif", "bmp", "x-icon"];

    // What browsers pass over within an address.
    private static readonly SearchValues<char> Dropped = SearchValues.Create("\t\n\r");
    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");
    private static readonly SearchValues<char> SchemeEnds = SearchValues.Create(":/?#\\");

    /// <summary>Whether an attribute's value is an address.</summary>
    /// <param name="tag">its element, lower case</param>
    /// <param name="attribute">lower case</param>
    public static bool IsNamed(string tag, string attribute) =>
        Attributes.Contains(attribute) || (tag is "animate" or "set" && attribute is "to" or "from" or "by" or "values");

    /// <summary>The address, or <see cref="Refused"/>.</summary>
    /// <param name="address">all of it, not escaped</param>
    /// <param name="written">what of its beginning stands in the page as written; where that settles the scheme, the author has chosen it</param>
    public static string Checked(string address, string? written)
    {
        if (written is not null && written.AsSpan().ContainsAny(SchemeEnds))
        {
            return address;
        }

        var plain = (address.AsSpan().ContainsAny(Dropped) ? string.Concat(address.Where(static c => !Dropped.Contains(c))) : address).AsSpan().TrimStart(Blanks);
        var end = plain.IndexOfAny(SchemeEnds);
        return end <= 0 || plain[end] != ':' || !IsScheme(plain[..end]) || Schemes.GetAlternateLookup<ReadOnlySpan<char>>().Contains(plain[..end]) || IsImage(plain) ? address : Refused;
    }

    /// <summary>Anything else before a colon is the beginning of a path (RFC 3986, 3.1).</summary>
    private static bool IsScheme(ReadOnlySpan<char> text) => char.IsAsciiLetter(text[0]) && !text.ContainsAnyExcept(SchemeCharacters);

    // Control characters and the blank, which browsers take off the beginning.
    private static ReadOnlySpan<char> Blanks =>
        "\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f ";

    /// <summary>A picture within the address: of the kinds that hold no scripts.</summary>
    private static bool IsImage(ReadOnlySpan<char> address)
    {
        const string Prefix = "data:image/";
        if (!address.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var rest = address[Prefix.Length..];
        var end = rest.IndexOfAny(';', ',');
        return end > 0 && Images.Contains(rest[..end].ToString(), StringComparer.OrdinalIgnoreCase);
    }
}
