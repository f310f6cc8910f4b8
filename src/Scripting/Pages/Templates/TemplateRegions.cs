using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages.Templates;

/// <summary>Finds the templates of a page.</summary>
internal static class TemplateRegions
{
    /// <summary>All templates outside of the opaque ranges, in order.</summary>
    public static IReadOnlyList<TemplateRegion> Find(SourceText source, IReadOnlyList<(int Start, int End)> opaque, DiagnosticList diagnostics)
    {
        var text = source.Text;
        var regions = new List<TemplateRegion>();
        var next = 0;
        for (var at = text.IndexOf("{{", StringComparison.Ordinal); at >= 0;)
        {
            while (next < opaque.Count && opaque[next].End <= at)
            {
                next++;
            }

            int goOn;
            if (next < opaque.Count && opaque[next].Start <= at)
            {
                goOn = Math.Min(opaque[next].End, text.Length);
            }
            else if (End(text, at) is { } end)
            {
                regions.Add(new TemplateRegion(at, end));
                goOn = end;
            }
            else
            {
                diagnostics.Add(source.PositionAt(at), "this '{{' has no '}}'", "Close it with '}}'. To show two braces, write {{ '{{' }}.");
                goOn = at + 2;
            }

            at = text.IndexOf("{{", goOn, StringComparison.Ordinal);
        }

        return regions;
    }

    /// <summary>The text with each template's characters replaced by the mask; all else stays where it is.</summary>
    public static string Hide(string text, IReadOnlyList<TemplateRegion> regions, char mask) =>
        regions.Count == 0 ? text : string.Create(text.Length, (text, regions, mask), static (hidden, state) =>
        {
            state.text.CopyTo(hidden);
            foreach (var region in state.regions)
            {
                hidden[region.Start..region.End].Fill(state.mask);
            }
        });

    // As JavaScript reads it: braces within a string or an object literal are not the end.
    private static int? End(string text, int start)
    {
        var depth = 0;
        for (var at = start + 2; at < text.Length; at++)
        {
            switch (text[at])
            {
                case '\'' or '"':
                    if (EndOfString(text, at) is not { } closing)
                    {
                        return PlainEnd(text, start); // an apostrophe of a sentence: the expression's parser will say more
                    }

                    at = closing;
                    break;
                case '}' when depth > 0:
                    depth--;
                    break;
                case '}' when at + 1 < text.Length && text[at + 1] == '}':
                    return at + 2;
                case '{' when at + 1 < text.Length && text[at + 1] == '{':
                    return null;
                case '{':
                    depth++;
                    break;
            }
        }

        return PlainEnd(text, start);
    }

    private static int? EndOfString(string text, int start)
    {
        for (var at = start + 1; at < text.Length && text[at] != '\n'; at++)
        {
            if (text[at] == text[start])
            {
                return at;
            }

            at += text[at] == '\\' ? 1 : 0;
        }

        return null;
    }

    private static int? PlainEnd(string text, int start)
    {
        var end = text.IndexOf("}}", start, StringComparison.Ordinal);
        var other = text.IndexOf("{{", start + 2, StringComparison.Ordinal);
        return end < 0 || (other >= 0 && other < end) ? null : end + 2;
    }
}
