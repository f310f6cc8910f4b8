using System.Collections.Frozen;
using Mjolnir.Scripting.Pages;
using Mjolnir.Scripting.Pages.Analysis;

namespace Mjolnir.Scripting.Applications;

/// <summary>Joins what the pages fire and what <c>mjolnir.json</c> lists: exactly that can be called from outside.</summary>
internal static class HandlerTable
{
    public static FrozenDictionary<string, Handler> Of(Manifest manifest, IReadOnlyList<CompiledPage> pages, bool hasBrokenPages, DiagnosticList diagnostics)
    {
        var uses = pages.SelectMany(page => page.Handlers, (page, use) => (page.Page, Use: use)).GroupBy(pair => pair.Use.Name, StringComparer.Ordinal);
        var handlers = uses.ToDictionary(group => group.Key, group => Join(manifest, [.. group]), StringComparer.Ordinal);
        foreach (var declared in manifest.Handlers.Values)
        {
            if (!handlers.ContainsKey(declared.Name) && !hasBrokenPages)
            {
                diagnostics.Add(
                    declared.Position,
                    $"no page has a function or handler '{declared.Name}'",
                    NearestName.Hint(declared.Name, handlers.Keys, "Write the function in a script that a page loads."));
            }
        }

        return handlers.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static Handler Join(Manifest manifest, IReadOnlyList<(Page Page, HandlerUse Use)> group)
    {
        var first = group[0];
        return new Handler
        {
            Name = first.Use.Name,
            Allow = manifest.Handlers.TryGetValue(first.Use.Name, out var declared) ? declared.Allow : AllowReader.SignedIn,
            Page = first.Page,
            Pages = [.. group.Select(pair => pair.Page).Distinct()],
            Function = first.Use.Function,
            InlineCode = first.Use.InlineCode,
            Element = first.Use.Element,
            ListenerSource = first.Use.ListenerSource,
            Position = first.Use.Position,
            Globals = [.. group.SelectMany(pair => pair.Use.Globals).Distinct().Order(StringComparer.Ordinal)],
        };
    }
}
