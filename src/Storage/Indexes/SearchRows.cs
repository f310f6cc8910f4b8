using System.Runtime.InteropServices;
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
    /// <summary>Where another word has this many times as many rows as are left, each of these is looked up under each of its terms: a look takes as long as passing over some entries.</summary>
    private const int LookUpFrom = 16;

    /// <summary>Values beside the text are looked up row by row where the table has this many times as many rows.</summary>
    private const int LookUpValuesFrom = 4;

    /// <summary>How closely the end of what is looked at is found: to a part of it so small.</summary>
    private const int Closely = 512;

    private readonly TreeRoot _root = pages.Root(question.Tree);
    private readonly Dictionary<string, SearchedRow> _rows = new(StringComparer.Ordinal);
    private char[] _key = new char[256];

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
            await (_rows.Count == 0 ? FirstAsync(word) : word.Rows < LookUpFrom * (long)_rows.Count * word.Terms.Count ? WalkAsync(word) : LookUpAsync(word));
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

    /// <summary>The rows of the rarest word. Where it has too many, those first by primary key.</summary>
    private async ValueTask FirstAsync(SearchedWord word)
    {
        var end = word.Rows > TextLimits.Ranked && word.Terms.Count > 1 ? await EndAsync(word) : null;
        IsPartial = end is not null;
        foreach (var term in word.Terms)
        {
            var left = word.Terms.Count > 1 ? int.MaxValue : TextLimits.Ranked;
            await ScanAsync(term, end, (key, payload) =>
            {
                IsPartial |= left == 0;
                if (left-- == 0)
                {
                    return false;
                }

                ref var row = ref CollectionsMarshal.GetValueRefOrAddDefault(_rows.GetAlternateLookup<ReadOnlySpan<char>>(), Name(key), out _);
                Add(row ??= new SearchedRow(new WordMatch[question.Words.Count]), word, term, payload.Span);
                return true;
            });
        }
    }

    /// <summary>
    /// The primary key below which all terms together have about as many entries as rows are ranked, and not more: found by halving between the rows of the most frequent one, whose entries
    /// are counted from summaries.
    /// </summary>
    private async ValueTask<byte[]> EndAsync(SearchedWord word)
    {
        var most = word.Terms.MaxBy(static term => term.Rows);
        var (low, high, end) = (0L, most.Rows, Array.Empty<byte>());
        while (high - low > Math.Max(1, low / Closely))
        {
            var middle = (low + high) / 2;
            var at = (await pages.RunAsync(new RangeWalk(SearchEntries.Shape, _root, KeyRange.Of(SearchEntries.Term(most.Term)), backward: false, middle, limit: 1))).Found[0];
            var key = SearchEntries.Shape.PrimaryKeyOf(at.Key).ToArray();
            var entries = 0L;
            foreach (var term in word.Terms)
            {
                entries += (await pages.RunAsync(new SumWalk(SearchEntries.Shape, _root, Below(term, key)))).Count;
            }

            (low, high, end) = entries <= TextLimits.Ranked ? (middle, high, key) : (low, middle, end);
        }

        return end;
    }

    private async ValueTask WalkAsync(SearchedWord word)
    {
        var known = _rows.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var term in word.Terms)
        {
            await ScanAsync(term, null, (key, payload) =>
            {
                if (known.TryGetValue(Name(key), out var row))
                {
                    Add(row, word, term, payload.Span);
                }

                return true;
            });
        }
    }

    private static KeyRange Below(MeantTerm term, byte[]? end)
    {
        var beginning = SearchEntries.Term(term.Term);
        return end is null ? KeyRange.Of(beginning) : KeyRange.Between(beginning, [.. beginning, .. end]);
    }

    /// <summary>Shows the primary keys and payloads of a term's rows, in order.</summary>
    private async ValueTask ScanAsync(MeantTerm term, byte[]? end, EntryVisitor visitor)
    {
        var begins = SearchEntries.Term(term.Term).Length;
        await pages.RunAsync(new ScanWalk(SearchEntries.Shape, _root, Below(term, end), (key, payload) => visitor(key[begins..], payload)));
    }

    /// <summary>A primary key as the rows found have it; good until the next.</summary>
    private ReadOnlySpan<char> Name(ReadOnlySpan<byte> primaryKey)
    {
        _key = _key.Length < primaryKey.Length ? new char[2 * primaryKey.Length] : _key;
        return _key.AsSpan(0, Encoding.UTF8.GetChars(primaryKey, _key));
    }

    private async ValueTask LookUpAsync(SearchedWord word)
    {
        foreach (var (key, row) in _rows)
        {
            foreach (var term in word.Terms)
            {
                if (await pages.EntryAsync(SearchEntries.Shape, _root, [.. SearchEntries.Term(term.Term), .. Encoding.UTF8.GetBytes(key)]) is { } entry)
                {
                    Add(row, word, term, entry.Payload.Span);
                }
            }
        }
    }

    private static void Add(SearchedRow row, SearchedWord word, MeantTerm term, ReadOnlySpan<byte> payload)
    {
        var (weight, shape, places) = SearchEntries.Read(payload);
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
            var known = _rows.GetAlternateLookup<ReadOnlySpan<char>>();
            await ScanAsync(new MeantTerm("", TermLikeness.Same, all), null, (key, payload) =>
            {
                if (known.TryGetValue(Name(key), out var row))
                {
                    row.Values = SearchEntries.Values(payload, question.Kept);
                }

                return true;
            });
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
}
