namespace Mjolnir.Scripting.Jint.Values;

/// <summary>
/// A concatenation that is not yet copied together: text built piece by piece costs its length once, not once per piece.
/// Flattened on the first use as text, without recursion, since a rope may be as deep as it has pieces.
/// </summary>
internal sealed class Rope(object left, object right, int length)
{
    private object? _left = left;
    private object? _right = right;
    private string? _flat;

    /// <summary>In UTF-16 code units.</summary>
    public int Length { get; } = length;

    /// <summary>The text.</summary>
    public string Flatten()
    {
        if (_flat is null)
        {
            Realms.Realm.ChargeCopy(Length);
            _flat = string.Create(Length, this, static (span, rope) => rope.CopyTo(span));
            _left = _right = null;
        }

        return _flat;
    }

    private void CopyTo(Span<char> span)
    {
        // From the right end: ropes mostly lean left, so the stack stays small.
        var end = span.Length;
        var pending = new Stack<object>();
        pending.Push(this);
        while (pending.TryPop(out var part))
        {
            var text = part as string ?? ((Rope)part)._flat;
            if (text is not null)
            {
                end -= text.Length;
                text.CopyTo(span[end..]);
                continue;
            }

            var rope = (Rope)part;
            pending.Push(rope._left!);
            pending.Push(rope._right!);
        }
    }
}
