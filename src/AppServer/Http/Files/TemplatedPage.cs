using System.Buffers;
using System.Net;
using System.Text;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Http.Files;

/// <summary>Puts the values of its templates into a page.</summary>
internal static class TemplatedPage
{
    public const string ContentType = "text/html; charset=utf-8";

    private static readonly SearchValues<char> Special = SearchValues.Create("&<>\"'");

    public static void Write(IBufferWriter<byte> to, Page page, IReadOnlyList<string> values)
    {
        to.Write(page.Literals[0].Span);
        for (var i = 0; i < page.Slots.Count; i++)
        {
            var template = page.Slots[i];
            var value = values[template];
            Encoding.UTF8.GetBytes(page.Templates[template].Kind == TemplateKind.Text ? value : Escape(value), to);
            to.Write(page.Literals[i + 1].Span);
        }
    }

    /// <summary>For attributes in either kind of quotes, and for elements that hold only text.</summary>
    public static string Escape(string text) => text.AsSpan().ContainsAny(Special) ? WebUtility.HtmlEncode(text) : text;
}
