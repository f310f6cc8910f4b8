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
/// <param name="rows">takes the rows</param>
internal sealed class SearchRows(HeadPages pages, IndexQuestion question, long all, FoundRows rows)
{
    /// <summary>Where another word has this many times as many rows as are left, each of these is looked up under each of its terms: a look takes as long as passing over some entries.</summary>
    private const int LookUpFrom = 16;

    /// <summary>Values beside the text are looked up row by row where the table has this many times as many rows.</summary>
    private const int LookUpValuesFrom = 4;

    /// <summary>How closely the end of what is looked at is found: to a part of it so small.</summary>
    private const int Closely = 512;

    private readonly TreeRoot _root = pages.Root(question.Tree);
    private byte[] _key = new byte[256];

    private delegate bool RowCheck(int row);

    /// <summary>True if the rarest word has more rows than are looked at.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Finds the rows that have all words.</summary>
    public async ValueTask FindAsync(IReadOnlyList<SearchedWord> words)
    {
        rows.Clear(question.Words.Count);
        if (words.Any(static word => word.Rows == 0))
        {
            return;
        }

        foreach (var word in words.OrderBy(static word => word.Rows))
        {
            await (rows.Count == 0 ? FirstAsync(word) : word.Rows < LookUpFrom * (long)rows.Count * word.Terms.Count ? WalkAsync(word) : LookUpAsync(word));
            if (Keep(row => rows.Words(row)[word.Number].IsFound) == 0)
            {
                return;
            }
        }
    }

    /// <summary>Of the rows found leaves those that have the phrases and the values asked for, and reads the values.</summary>
    public async ValueTask NarrowAsync()
    {
        foreach (var phrase in question.Phrases)
        {
            Keep(row => phrase.IsIn(rows.Words(row), rows.Places));
        }

        foreach (var filter in question.Filters)
        {
            await FilterAsync(filter);
        }

        if (question.Within.Count + question.By.Count > 0)
        {
            await ReadValuesAsync();
        }

        foreach (var bound in question.Within)
        {
            Keep(row => bound.Range.Contains(SearchEntries.Value(rows.Values(row), question.Kept, bound.Column)));
        }
    }

    /// <summary>The rows of the rarest word. Where it has too many, those first by primary key.</summary>
    private async ValueTask FirstAsync(SearchedWord word)
    {
        var isOne = word.Terms.Count == 1;
        var end = word.Rows > TextLimits.Ranked && !isOne ? await EndAsync(word) : null;
        IsPartial = end is not null;
        foreach (var term in word.Terms)
        {
            var left = isOne ? TextLimits.Ranked : int.MaxValue;
            await ScanAsync(term, end, (key, payload) =>
            {
                IsPartial |= left == 0;
                if (left-- == 0)
                {
                    return false;
                }

                rows.AddTerm(isOne ? rows.Add(key) : rows.FindOrAdd(key), word.Number, term.Likeness, payload);
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
        var terms = word.Terms.ConvertAll(static term => SearchEntries.Term(term.Term));
        var before = 0L;
        foreach (var term in terms)
        {
            before += await pages.CountBelowAsync(SearchEntries.Shape, _root, term);
        }

        var most = word.Terms.MaxBy(static term => term.Rows);
        var (low, high, end) = (0L, most.Rows, Array.Empty<byte>());
        while (high - low > Math.Max(1, low / Closely))
        {
            var middle = (low + high) / 2;
            var at = (await pages.RunAsync(new RangeWalk(SearchEntries.Shape, _root, KeyRange.Of(SearchEntries.Term(most.Term)), backward: false, middle, limit: 1))).Found[0];
            var key = SearchEntries.Shape.PrimaryKeyOf(at.Key).ToArray();
            var entries = -before;
            foreach (var term in terms)
            {
                entries += await pages.CountBelowAsync(SearchEntries.Shape, _root, Joined(term, key));
            }

            (low, high, end) = entries <= TextLimits.Ranked ? (middle, high, key) : (low, middle, end);
        }

        return end;
    }

    private async ValueTask WalkAsync(SearchedWord word)
    {
        foreach (var term in word.Terms)
        {
            await ScanAsync(term, null, (key, payload) =>
            {
                if (rows.Find(key) is >= 0 and var row)
                {
                    rows.AddTerm(row, word.Number, term.Likeness, payload);
                }

                return true;
            });
        }
    }

    /// <summary>Shows the primary keys and payloads of a term's rows, in order; with an end, of those before it.</summary>
    private async ValueTask ScanAsync(MeantTerm term, byte[]? end, EntryVisitor visitor)
    {
        var beginning = SearchEntries.Term(term.Term);
        var range = end is null ? KeyRange.Of(beginning) : KeyRange.Between(beginning, [.. beginning, .. end]);
        await pages.RunAsync(new ScanWalk(SearchEntries.Shape, _root, range, (key, payload) => visitor(key[beginning.Length..], payload)));
    }

    private async ValueTask LookUpAsync(SearchedWord word)
    {
        foreach (var term in word.Terms)
        {
            var beginning = SearchEntries.Term(term.Term);
            for (var row = 0; row < rows.Numbers; row++)
            {
                if (rows.IsIn(row) && await pages.PayloadAsync(SearchEntries.Shape, _root, Joined(beginning, rows.Key(row))) is { } payload)
                {
                    rows.AddTerm(row, word.Number, term.Likeness, payload.Span);
                }
            }
        }
    }

    private async ValueTask FilterAsync(SearchFilter filter)
    {
        for (var row = 0; row < rows.Numbers; row++)
        {
            if (rows.IsIn(row) && await pages.PayloadAsync(filter.Shape, pages.Root(filter.Tree), Joined(filter.Values, rows.Key(row))) is null)
            {
                rows.TakeOut(row);
            }
        }
    }

    /// <summary>The values beside the text, from the entries that each row has under the empty term: all of them, or row by row where there are many more.</summary>
    private async ValueTask ReadValuesAsync()
    {
        if (all < LookUpValuesFrom * (long)rows.Count)
        {
            await ScanAsync(new MeantTerm("", TermLikeness.Same, all), null, (key, payload) =>
            {
                if (rows.Find(key) is >= 0 and var row)
                {
                    rows.SetValues(row, SearchEntries.Values(payload));
                }

                return true;
            });
            return;
        }

        var own = SearchEntries.Term("");
        for (var row = 0; row < rows.Numbers; row++)
        {
            if (rows.IsIn(row))
            {
                var payload = await pages.PayloadAsync(SearchEntries.Shape, _root, Joined(own, rows.Key(row)));
                Invariant.Require(payload is not null, $"A row of table {question.Table} has words, and no entry of its own.");
                rows.SetValues(row, SearchEntries.Values(payload!.Value.Span));
            }
        }
    }

    /// <summary>A key in two parts as one; good until the next.</summary>
    private ReadOnlyMemory<byte> Joined(ReadOnlySpan<byte> beginning, ReadOnlySpan<byte> rest)
    {
        var length = beginning.Length + rest.Length;
        _key = _key.Length < length ? new byte[2 * length] : _key;
        beginning.CopyTo(_key);
        rest.CopyTo(_key.AsSpan(beginning.Length));
        return _key.AsMemory(0, length);
    }

    /// <summary>Leaves out rows; how many are left.</summary>
    private int Keep(RowCheck isMeant)
    {
        for (var row = 0; row < rows.Numbers; row++)
        {
            if (rows.IsIn(row) && !isMeant(row))
            {
                rows.TakeOut(row);
            }
        }

        return rows.Count;
    }
}
