namespace Mjolnir.Core.Indexes;

/// <summary>A value as an index knows it: null, a finite number, a text or a boolean.</summary>
public readonly record struct IndexValue
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
}
