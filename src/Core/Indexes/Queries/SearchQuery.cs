using System.Buffers;
using Mjolnir.Core.Text;

namespace Mjolnir.Core.Indexes.Queries;

/// <summary>Rows looked for by the words of a text, among those in which columns have certain values.</summary>
public sealed class SearchQuery
{
    private readonly string _app;
    private readonly string _table;
    private readonly TableIndexes _declared;
    private readonly List<SearchFilter> _filters = [];
    private readonly List<SearchBound> _within = [];

    private SearchQuery(string app, string table, TableIndexes declared, QueryTerms terms, SearchText text) =>
        (_app, _table, _declared, Terms, Text) = (app, table, declared, terms, text);

    /// <summary>What columns are to have.</summary>
    public QueryTerms Terms { get; }

    /// <summary>The words and phrases.</summary>
    public SearchText Text { get; }

    /// <summary>False if a text in the query is so long that an index alone cannot tell which rows are meant.</summary>
    public bool IsExact => Terms.Equal.All(static equal => KeyRanges.IsExact(equal.Value)) && IsExactBound(Terms.Range?.From) && IsExactBound(Terms.Range?.To);

    private IReadOnlyList<IndexColumn> Kept => _declared.Search!.Facets;

    /// <summary>
    /// The query; null, with what is missing, if nothing tells which rows have the values. Of columns that are kept beside the text the search itself does; of others an index of exactly these
    /// columns, or one for each.
    /// </summary>
    /// <param name="app">the application</param>
    /// <param name="table">the table</param>
    /// <param name="declared">what is declared for it: text search is</param>
    /// <param name="terms">which rows</param>
    /// <param name="text">what is looked for: at least one word</param>
    /// <param name="missing">what is missing</param>
    public static SearchQuery? TryBind(string app, string table, TableIndexes declared, QueryTerms terms, SearchText text, out string missing)
    {
        var query = new SearchQuery(app, table, declared, terms, text);
        missing = "";
        if (terms.Range is { } range && !query.TryBound(range.Column, column => KeyRanges.Of([column], [], range.From, range.To)))
        {
            missing = $"a search of table '{table}' within bounds on '{range.Column}' needs its values beside the text: declare \"facets\": [\"{range.Column}\"] in its \"search\"";
            return null;
        }

        ColumnValue[] others = [.. terms.Equal.Where(equal => !query.TryBound(equal.Column, column => KeyRanges.Of([column], [equal.Value], null, null)))];
        if (others.Length == 0 || query.TryFilter(others))
        {
            return query;
        }

        foreach (var equal in others)
        {
            if (!query.TryFilter([equal]))
            {
                missing = $"no index of table '{table}' has column '{equal.Column}' alone, which a search within it needs: declare \"indexes\": {{\"by{char.ToUpperInvariant(equal.Column[0]) + equal.Column[1..]}\": [\"{equal.Column}\"]}}";
                return null;
            }
        }

        return query;
    }

    /// <summary>The question for the rows that answer best.</summary>
    /// <param name="limit">rows wanted at most</param>
    /// <param name="isFresh">everything that is durable by now shall be in the answer</param>
    public IndexQuestion Question(int limit, bool isFresh) => Question(limit, [], isFresh);

    /// <summary>The question how many of the rows found there are per value.</summary>
    /// <param name="by">columns that make groups, each once; kept beside the text (<see cref="Keeps"/>)</param>
    /// <param name="most">groups wanted at most; where there are more, the answer is not whole</param>
    /// <param name="isFresh">everything that is durable by now shall be in the answer</param>
    public IndexQuestion Counts(IEnumerable<string> by, int most, bool isFresh) => Question(most, [.. by.Select(At)], isFresh);

    /// <summary>True if the values of a column are kept beside the text.</summary>
    public static bool Keeps(TableIndexes declared, string column) => declared.Search is { } search && search.Facets.Any(facet => facet.Name == column);

    /// <summary>The group of a row, as <see cref="FoundGroup.Key"/> has it.</summary>
    /// <param name="by">columns that make groups</param>
    /// <param name="row">the row's value of a column; null also for one of another kind than the column's</param>
    public byte[] KeyOf(IEnumerable<string> by, Func<string, IndexValue> row)
    {
        var key = new ArrayBufferWriter<byte>(64);
        foreach (var column in by.Select(name => Kept[At(name)]))
        {
            KeyRanges.Append(key, column, row(column.Name));
        }

        return key.WrittenSpan.ToArray();
    }

    /// <summary>The values that make a group, by column; texts as far as keys hold them.</summary>
    public IEnumerable<ColumnValue> ValuesOf(IEnumerable<string> by, byte[] key)
    {
        var at = 0;
        foreach (var column in by.Select(name => Kept[At(name)]))
        {
            yield return new ColumnValue(column.Name, OrderedKey.Read(key.AsSpan(at), column, out var length));
            at += length;
        }
    }

    private IndexQuestion Question(int limit, int[] by, bool isFresh) =>
        new(_app, _table, _declared.Declared, _declared.Indexes.Count + _declared.Groups.Count, SearchEntries.Shape, QueryWalk.Search, KeyRange.All, isFresh) { Limit = limit, Words = Text.Words, Phrases = Text.Phrases, Filters = _filters, Within = _within, By = by, Kept = _within.Count + by.Length > 0 ? Kept : [] };

    private static bool IsExactBound(ValueBound? bound) => bound is not { } end || KeyRanges.IsExact(end.Value);

    private int At(string column) => Kept.TakeWhile(facet => facet.Name != column).Count();

    private bool TryBound(string name, Func<IndexColumn, KeyRange> rangeOf)
    {
        if (!Keeps(_declared, name))
        {
            return false;
        }

        _within.Add(new SearchBound(At(name), rangeOf(Kept[At(name)])));
        return true;
    }

    private bool TryFilter(ColumnValue[] equal)
    {
        for (var i = 0; i < _declared.Indexes.Count; i++)
        {
            var index = _declared.Indexes[i];
            if (index.Columns.Count == equal.Length && index.Columns.All(column => Array.Exists(equal, each => each.Column == column.Name)))
            {
                var values = new ArrayBufferWriter<byte>(64);
                foreach (var column in index.Columns)
                {
                    KeyRanges.Append(values, column, Array.Find(equal, each => each.Column == column.Name).Value);
                }

                _filters.Add(new SearchFilter(i, TreeShape.Of(index), values.WrittenSpan.ToArray()));
                return true;
            }
        }

        return false;
    }
}
