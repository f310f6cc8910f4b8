using System.Text.RegularExpressions;
using Mjolnir.Scripting.Jint.Values;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>
/// The selectors that can be answered from the elements known here (those with an id or a name): <c>#id</c>, <c>tag#id</c>, <c>[name=x]</c>, each perhaps with
/// <c>:checked</c>, and lists of them. Any other selector could miss elements that the browser would find, so it is refused.
/// </summary>
internal static partial class Selectors
{
    public static IEnumerable<PageElementObject> All(PageWorld world, string selectors)
    {
        foreach (var selector in selectors.Split(','))
        {
            foreach (var element in One(world, selector.Trim()))
            {
                yield return element;
            }
        }
    }

    private static IEnumerable<PageElementObject> One(PageWorld world, string selector)
    {
        var m = Known().Match(selector);
        if (!m.Success)
        {
            world.Unsupported($"the selector '{selector}'; give the element an id and use '#id'");
            return [];
        }

        var found = m.Groups["id"].Success
            ? world.ById(m.Groups["id"].Value) is { } one ? [one] : []
            : world.Page.ByName(m.Groups["name"].Value).Select(e => world.Element(e.Reference));
        return found.Where(e => (!m.Groups["tag"].Success || e.Tag == m.Groups["tag"].Value.ToLowerInvariant()) && (!m.Groups["checked"].Success || e.Read("checked").IsTrue));
    }

    public static JsArray List(PageWorld world, IEnumerable<PageElement> elements) =>
        new(world.Realm, [.. elements.Select(e => JsValue.Of(world.Element(e.Reference)))]);

    [GeneratedRegex("""^(?<tag>[a-zA-Z][a-zA-Z0-9]*)?(#(?<id>[\w-]+)|\[name\s*=\s*["']?(?<name>[^"'\]]+)["']?\])(?<checked>:checked)?$""", RegexOptions.CultureInvariant, 100)]
    private static partial Regex Known();
}
