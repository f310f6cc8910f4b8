using System.Text;
using Mjolnir.Core;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Indexes.Walks;
using Mjolnir.Core.Text;

namespace Mjolnir.Storage.Indexes;

/// <summary>A word of a question, with what it stands for.</summary>
/// <param name="Number">the how manieth word</param>
/// <param name="Terms">the terms</param>
internal sealed record SearchedWord(int Number, List<MeantTerm> Terms)
{
    /// <summary>Rows of all terms, added up.</summary>
    public long Rows { get; } = Terms.Sum(static term => term.Rows);

    /// <summary>What ranking needs to know.</summary>
    public WordFigures Figures => new(Rows, [.. Terms.Where(static term => term.Likeness.Mistakes > 0).Select(static term => new SimilarTerm(term.Term, term.Likeness))]);
}

/// <summary>A row that has the words looked at so far.</summary>
/// <param name="Words">how it has each</param>
internal sealed record SearchedRow(WordMatch[] Words)
{
    /// <summary>Its number of words, and its title.</summary>
    public RowShape Shape { get; set; }

    /// <summary>Values that are kept beside its text; none if nobody asks for them.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Values { get; set; } = [];
}

/// <summary>
/// The rows that answer a search:
/// <code>
/// 1 the rows of the rarest word; of very many the first by primary key
/// 2 of these those that have the other words too: by walking their rows, or row by row where these are many more
/// 3 of these those that have the phrases, and the values asked for
/// </code>
/// </summary>
/// <param name="pages">the pages of a head</param>
/// <param name="question">what is asked</param>
/// <param name="all">rows of the table</param>
internal sealed class SearchRows(HeadPages pages, IndexQuestion question, long all)
{
    /// <summary>Where another word has this many times as many rows as are left, each of these is looked up: a look takes as long as passing over some entries.</summary>
    private const int LookUpFrom = 16;

    /// <summary>Values beside the text are looked up row by row where the table has this many times as many rows.</summary>
    private const int LookUpValuesFrom = 4;

    private readonly TreeRoot _root = pages.Root(question.Tree);
    private readonly Dictionary<string, SearchedRow> _rows = new(StringComparer.Ordinal);

    /// <summary>The rows by primary key.</summary>
    public IReadOnlyDictionary<string, SearchedRow> Found => _rows;

    /// <summary>True if the rarest word has more rows than are looked at.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Finds the rows that have all words.</summary>
    public async ValueTask FindAsync(IReadOnlyList<SearchedWord> words)
    {
        _rows.Clear();
        if (words.Any(static word => word.Rows == 0))
        {
            return;
        }

        foreach (var word in words.OrderBy(static word => word.Rows))
        {
            await (_rows.Count == 0 ? FirstAsync(word) : word.Rows < LookUpFrom * (long)_rows.Count ? WalkAsync(word) : LookUpAsync(word));
            if (Keep(row => row.Words[word.Number].IsFound) == 0)
            {
                return;
            }
        }

    }

    /// <summary>Of the rows found leaves those that have the phrases and the values asked for, and reads the values.</summary>
    public async ValueTask NarrowAsync()
    {
        Keep(row => question.Phrases.All(phrase => phrase.IsIn(word => row.Words[word].Places)));
        foreach (var filter in question.Filters)
        {
            await FilterAsync(filter);
        }

        if (question.Within.Count + question.By.Count > 0)
        {
            await ReadValuesAsync();
            Keep(row => question.Within.All(bound => bound.Range.Contains(row.Values[bound.Column].Span)));
        }
    }

    private async ValueTask FirstAsync(SearchedWord word)
    {
        byte[]? end = null;
        foreach (var term in word.Terms)
        {
            var beginning = SearchEntries.Term(term.Term);
            var range = end is null ? KeyRange.Of(beginning) : KeyRange.Between(beginning, [.. beginning, .. end]);
            foreach (var entry in await EntriesAsync(range, TextLimits.Ranked + 1))
            {
                var key = KeyOf(entry);
                if (!_rows.TryGetValue(key, out var row))
                {
                    _rows[key] = row = new SearchedRow(new WordMatch[question.Words.Count]);
                }

                Add(row, word, term, entry);
            }

            // A cut sorts all rows: not after each of the terms that a beginning stands for.
            end = _rows.Count > 2 * TextLimits.Ranked ? CutRows() : end;
        }

        if (_rows.Count > TextLimits.Ranked)
        {
            CutRows();
        }
    }

    /// <summary>Keeps the first rows by primary key; the key of the first one that is not kept.</summary>
    private byte[] CutRows()
    {
        IsPartial = true;
        var keys = _rows.Keys.Select(static key => (Key: key, Utf8: Encoding.UTF8.GetBytes(key))).ToList();
        keys.Sort(static (left, right) => left.Utf8.AsSpan().SequenceCompareTo(right.Utf8));
        foreach (var (key, _) in keys.Skip(TextLimits.Ranked))
        {
            _rows.Remove(key);
        }

        return keys[TextLimits.Ranked].Utf8;
    }

    private async ValueTask WalkAsync(SearchedWord word)
    {
        foreach (var term in word.Terms)
        {
            foreach (var entry in await EntriesAsync(KeyRange.Of(SearchEntries.Term(term.Term)), int.MaxValue))
            {
                if (_rows.TryGetValue(KeyOf(entry), out var row))
                {
                    Add(row, word, term, entry);
                }
            }
        }
    }

    private async ValueTask LookUpAsync(SearchedWord word)
    {
        foreach (var (key, row) in _rows)
        {
            foreach (var term in word.Terms)
            {
                if (await pages.EntryAsync(SearchEntries.Shape, _root, [.. SearchEntries.Term(term.Term), .. Encoding.UTF8.GetBytes(key)]) is { } entry)
                {
                    Add(row, word, term, entry);
                }
            }
        }
    }

    private void Add(SearchedRow row, SearchedWord word, MeantTerm term, FoundEntry entry)
    {
        var (weight, shape, places) = SearchEntries.Read(entry.Payload.Span);
        row.Words[word.Number].Add(weight, term.Likeness, places);
        row.Shape = shape;
    }

    private async ValueTask FilterAsync(SearchFilter filter)
    {
        foreach (var key in _rows.Keys.ToList())
        {
            if (await pages.EntryAsync(filter.Shape, pages.Root(filter.Tree), [.. filter.Values, .. Encoding.UTF8.GetBytes(key)]) is null)
            {
                _rows.Remove(key);
            }
        }
    }

    /// <summary>The values beside the text, from the entries that each row has under the empty term: all of them, or row by row where there are many more.</summary>
    private async ValueTask ReadValuesAsync()
    {
        var own = SearchEntries.Term("");
        if (all < LookUpValuesFrom * (long)_rows.Count)
        {
            foreach (var entry in await EntriesAsync(KeyRange.Of(own), int.MaxValue))
            {
                if (_rows.TryGetValue(KeyOf(entry), out var row))
                {
                    row.Values = SearchEntries.Values(entry.Payload, question.Kept);
                }
            }

            return;
        }

        foreach (var (key, row) in _rows)
        {
            var entry = await pages.EntryAsync(SearchEntries.Shape, _root, [.. own, .. Encoding.UTF8.GetBytes(key)]);
            row.Values = SearchEntries.Values(entry?.Payload ?? throw new InvariantException($"Row '{key}' of table {question.Table} has words, and no entry of its own."), question.Kept);
        }
    }

    /// <summary>Leaves out rows; how many are left.</summary>
    private int Keep(Predicate<SearchedRow> isMeant)
    {
        foreach (var (key, _) in _rows.Where(row => !isMeant(row.Value)).ToList())
        {
            _rows.Remove(key);
        }

        return _rows.Count;
    }

    private async ValueTask<IReadOnlyList<FoundEntry>> EntriesAsync(KeyRange range, int limit) =>
        (await pages.RunAsync(new RangeWalk(SearchEntries.Shape, _root, range, backward: false, skip: 0, limit))).Found;

    private static string KeyOf(FoundEntry entry) => Encoding.UTF8.GetString(SearchEntries.Shape.PrimaryKeyOf(entry.Key));
}
