using System.Text;

namespace Mjolnir.Scripting.Pages.Markup;

/// <summary>
/// The page as it is served: the author's own text with a few places replaced, cut where the values of templates go. What is not replaced is
/// not touched: spaces, comments, quotes and the order of attributes stay as they were written.
/// </summary>
internal sealed class PageText(string source)
{
    private readonly record struct Edit(int Start, int End, int Order, string Before, int? Slot, string After);

    private readonly List<Edit> _edits = [];

    public void Insert(int at, string text) => Replace(at, at, text);

    public void Replace(int start, int end, string text) => _edits.Add(new Edit(start, end, _edits.Count, text, null, ""));

    /// <summary>Puts a template's value, between two texts, in the place of what was written.</summary>
    public void ReplaceByTemplate(int start, int end, string before, int template, string after) =>
        _edits.Add(new Edit(start, end, _edits.Count, before, template, after));

    /// <summary>The literals, and the templates whose values stand between them.</summary>
    public (IReadOnlyList<ReadOnlyMemory<byte>> Literals, IReadOnlyList<int> Slots) Cut()
    {
        var literals = new List<ReadOnlyMemory<byte>>();
        var slots = new List<int>();
        var text = new StringBuilder();
        var at = 0;
        foreach (var edit in _edits.OrderBy(edit => edit.Start).ThenBy(edit => edit.End).ThenBy(edit => edit.Order))
        {
            Core.Invariant.Require(edit.Start >= at, $"edits of a page overlap at {edit.Start}");
            text.Append(source, at, edit.Start - at).Append(edit.Before);
            if (edit.Slot is { } slot)
            {
                literals.Add(Encoding.UTF8.GetBytes(text.ToString()));
                slots.Add(slot);
                text.Clear().Append(edit.After);
            }

            at = edit.End;
        }

        literals.Add(Encoding.UTF8.GetBytes(text.Append(source, at, source.Length - at).ToString()));
        return (literals, slots);
    }
}
