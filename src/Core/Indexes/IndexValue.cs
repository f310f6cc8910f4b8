namespace Mjolnir.Core.Indexes;

/// <summary>A value as an index knows it: null, a finite number, a text or a boolean.</summary>
public readonly record struct IndexValue : IComparable<IndexValue>
{
    private IndexValue(IndexedKind? kind, double number, string? text) => (Kind, Number, Text) = (kind, number, text);

    /// <summary>Null for the null value.</summary>
    public IndexedKind? Kind { get; }

    /// <summary>The number; 1 for true, 0 for everything else.</summary>
    public double Number { get; }

    /// <summary>The text; null unless <see cref="Kind"/> is text.</summary>
    public string? Text { get; }

    /// <summary>No value.</summary>
    public static IndexValue Null => default;

    /// <summary>A finite number; minus zero is zero.</summary>
    public static IndexValue Of(double number)
    {
        Invariant.Require(double.IsFinite(number), "An indexed number is not finite.");
        return new IndexValue(IndexedKind.Number, number == 0 ? 0 : number, null);
    }

    /// <summary>A text of valid UTF-16.</summary>
    public static IndexValue Of(string text) => new(IndexedKind.Text, 0, text);

    /// <summary>A boolean.</summary>
    public static IndexValue Of(bool value) => new(IndexedKind.Boolean, value ? 1 : 0, null);

    /// <summary>As entries of an index are sorted: null first, then by value; texts by code points. Of two kinds (which no column has) by kind.</summary>
    public int CompareTo(IndexValue other) =>
        Kind != other.Kind ? ((int)(Kind ?? 0)).CompareTo((int)(other.Kind ?? 0))
        : Kind == IndexedKind.Text ? CompareByCodePoint(Text!, other.Text!)
        : Number.CompareTo(other.Number);

    /// <summary>In UTF-16 the second halves of pairs (D800 to DFFF) stand below E000 to FFFF, whose code points are less.</summary>
    private static int CompareByCodePoint(string left, string right)
    {
        var at = left.AsSpan().CommonPrefixLength(right);
        if (at == left.Length || at == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }

        var (isLeftPair, isRightPair) = (char.IsSurrogate(left[at]), char.IsSurrogate(right[at]));
        return isLeftPair == isRightPair ? left[at].CompareTo(right[at]) : isLeftPair.CompareTo(isRightPair);
    }
}
