using Mjolnir.Core.Text;

namespace Mjolnir.Storage.Indexes;

/// <summary>
/// The rows that a search has found so far, and how each has the words: a table that is emptied and used again, so that looking at very many rows leaves nothing behind. Rows that do not
/// count any more are marked. Not safe for threads.
/// </summary>
internal sealed class FoundRows
{
    private readonly KeyTable _keys = new();
    private readonly WordPlaces _places = new();
    private RowShape[] _shapes = new RowShape[64];
    private WordMatch[] _matches = new WordMatch[64];
    private byte[] _values = new byte[64];
    private int _valuesLength;
    private int _words;

    /// <summary>What is noted of a key: the row does not count any more; else 0, or 1 and where its values begin.</summary>
    private const int Out = -1;

    /// <summary>Rows that count.</summary>
    public int Count { get; private set; }

    /// <summary>Rows, those that do not count too: they are numbered from 0.</summary>
    public int Numbers => _keys.Count;

    /// <summary>Where the words stand.</summary>
    public WordPlaces Places => _places;

    /// <summary>Bytes that it holds on to.</summary>
    public long Bytes => _keys.Bytes + _places.Bytes + (16L * _shapes.Length) + (24L * _matches.Length) + _values.Length;

    /// <summary>Forgets all rows.</summary>
    /// <param name="words">words of the question</param>
    public void Clear(int words)
    {
        _keys.Clear();
        _places.Clear();
        (_words, _valuesLength, Count) = (words, 0, 0);
    }

    /// <summary>True if the row counts.</summary>
    public bool IsIn(int row) => _keys.Note(row) != Out;

    /// <summary>The row does not count any more.</summary>
    public void TakeOut(int row)
    {
        _keys.Note(row) = Out;
        Count--;
    }

    /// <summary>The primary key in UTF-8. It is good until the next row is added.</summary>
    public ReadOnlySpan<byte> Key(int row) => _keys[row];

    /// <summary>What ranking needs to know of the row besides its words.</summary>
    public RowShape Shape(int row) => _shapes[row];

    /// <summary>How the row has each word.</summary>
    public ReadOnlySpan<WordMatch> Words(int row) => _matches.AsSpan(row * _words, _words);

    /// <summary>The number of a row that counts; -1 if there is none.</summary>
    public int Find(ReadOnlySpan<byte> primaryKey) => _keys.Find(primaryKey) is >= 0 and var row && IsIn(row) ? row : -1;

    /// <summary>A row that is not there.</summary>
    public int Add(ReadOnlySpan<byte> primaryKey) => Begin(_keys.Add(primaryKey));

    /// <summary>The number of a row, which is added if it is not there. All rows count.</summary>
    public int FindOrAdd(ReadOnlySpan<byte> primaryKey)
    {
        var row = _keys.FindOrAdd(primaryKey, out var isNew);
        return isNew ? Begin(row) : row;
    }

    /// <summary>The row has a term of a word.</summary>
    /// <param name="row">the row</param>
    /// <param name="word">which word</param>
    /// <param name="likeness">how the term is the word</param>
    /// <param name="payload">of the row's entry under the term</param>
    public void AddTerm(int row, int word, TermLikeness likeness, ReadOnlySpan<byte> payload)
    {
        var from = _places.Count;
        var weight = SearchEntries.Read(payload, out _shapes[row], _places);
        _matches[(row * _words) + word].Add(weight, likeness, _places, from);
    }

    /// <summary>The values that are kept beside the row's text.</summary>
    public ReadOnlySpan<byte> Values(int row) => _values.AsSpan(_keys.Note(row) - 1);

    /// <summary>Notes the values that are kept beside the row's text; each row once.</summary>
    public void SetValues(int row, ReadOnlySpan<byte> values)
    {
        if (_values.Length - _valuesLength < values.Length)
        {
            Array.Resize(ref _values, Math.Max(2 * _values.Length, _valuesLength + values.Length));
        }

        values.CopyTo(_values.AsSpan(_valuesLength));
        _keys.Note(row) = _valuesLength + 1;
        _valuesLength += values.Length;
    }

    private int Begin(int row)
    {
        if (row >= _shapes.Length)
        {
            Array.Resize(ref _shapes, 2 * row);
        }

        var words = (row + 1) * _words;
        if (words > _matches.Length)
        {
            Array.Resize(ref _matches, 2 * words);
        }

        _matches.AsSpan(words - _words, _words).Clear();
        Count++;
        return row;
    }
}
