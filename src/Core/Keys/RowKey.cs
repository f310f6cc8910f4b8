namespace Mjolnir.Core.Keys;

/// <summary>
/// The name of one row everywhere: <c>app/table/primary-key</c>. The primary key's bytes up to 0x20, 0x7F, <c>%</c> and <c>/</c>
/// are written <c>%XX</c>, so the text is a legal cache key and splits back without doubt.
/// </summary>
public readonly struct RowKey : IEquatable<RowKey>, IComparable<RowKey>
{
    /// <summary>The longest text, in UTF-8 bytes. A cache key holds 250 bytes; the rest is the view's prefix.</summary>
    public const int MaxBytes = 220;

    private RowKey(string text) => Text = text;

    /// <summary><c>app/table/primary-key</c>, escaped. Null only in <c>default</c>.</summary>
    public string Text { get; }

    /// <summary>Makes the key of a row; false if the text would be longer than <see cref="MaxBytes"/>, or the primary key is empty or no valid UTF-16 (half a surrogate pair has no bytes of its own: two keys would become one).</summary>
    /// <param name="app">the application's name; lower-case letters, digits and <c>-</c></param>
    /// <param name="table">the table's name; letters, digits and <c>_</c></param>
    /// <param name="primaryKey">the row's primary key, any text</param>
    /// <param name="key">the key when the result is true</param>
    public static bool TryCreate(string app, string table, string primaryKey, out RowKey key)
    {
        key = default;
        if (primaryKey.Length == 0 || !IsValid(primaryKey))
        {
            return false;
        }

        var text = string.Concat(app, "/", table, "/") + RowKeyEscape.Escape(primaryKey);
        if (System.Text.Encoding.UTF8.GetByteCount(text) > MaxBytes)
        {
            return false;
        }

        key = new RowKey(text);
        return true;
    }

    private static bool IsValid(string text)
    {
        var span = text.AsSpan();
        for (var at = span.IndexOfAnyInRange('\uD800', '\uDFFF'); at >= 0; at = span.IndexOfAnyInRange('\uD800', '\uDFFF'))
        {
            if (at + 1 == span.Length || !char.IsSurrogatePair(span[at], span[at + 1]))
            {
                return false;
            }

            span = span[(at + 2)..];
        }

        return true;
    }

    /// <summary>Takes back what <see cref="Text"/> gave (from a segment, a batch, a cache). The caller trusts the source.</summary>
    public static RowKey FromText(string text) => new(text);

    /// <summary>The application's name.</summary>
    public string App => Text[..Text.IndexOf('/')];

    /// <summary>The table's name.</summary>
    public string Table
    {
        get
        {
            var start = Text.IndexOf('/') + 1;
            return Text[start..Text.IndexOf('/', start)];
        }
    }

    /// <summary>The primary key, unescaped.</summary>
    public string PrimaryKey => RowKeyEscape.Unescape(EscapedPrimaryKey);

    /// <summary>The primary key as it stands in <see cref="Text"/>.</summary>
    public ReadOnlySpan<char> EscapedPrimaryKey => Text.AsSpan(Text.IndexOf('/', Text.IndexOf('/') + 1) + 1);

    /// <inheritdoc/>
    public bool Equals(RowKey other) => string.Equals(Text, other.Text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is RowKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <summary>Ordinal order of the text: the order of installs, segments and runs.</summary>
    public int CompareTo(RowKey other) => string.CompareOrdinal(Text, other.Text);

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>Same row.</summary>
    public static bool operator ==(RowKey left, RowKey right) => left.Equals(right);

    /// <summary>Another row.</summary>
    public static bool operator !=(RowKey left, RowKey right) => !left.Equals(right);
}
