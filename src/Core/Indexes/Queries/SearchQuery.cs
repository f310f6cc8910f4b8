using System.Buffers;
using Mjolnir.Core.Text;

namespace Mjolnir.Core.Indexes.Queries;

/// <summary>Rows looked for by the words of a text, among those in which columns have one value.</summary>
public sealed class SearchQuery
{
    private readonly string _app;
    private readonly string _table;
    private readonly TableIndexes _declared;
    private readonly List<SearchFilter> _filters = [];

    private SearchQuery(string app, string table, TableIndexes declared, QueryTerms terms, SearchText text) =>
        (_app, _table, _declared, Terms, Text) = (app, table, declared, terms, text);

    /// <summary>What columns are to have.</summary>
    public QueryTerms Terms { get; }

    /// <summary>The words and phrases.</summary>
    public SearchText Text { get; }

    /// <summary>The query; null, with what is missing, if no index tells which rows have the values: one of exactly these columns, or one for each.</summary>
    /// <param name="app">the application</param>
    /// <param name="table">the table</param>
    /// <param name="declared">what is declared for it: text search is</param>
    /// <param name="terms">which rows: columns with one value only</param>
    /// <param name="text">what is looked for: at least one word</param>
    /// <param name="missing">what is missing</param>
    public static SearchQuery? TryBind(string app, string table, TableIndexes declared, QueryTerms terms, SearchText text, out string missing)
    {
        var query = new SearchQuery(app, table, declared, terms, text);
        missing = "";
        if (terms.Equal.Count == 0 || query.TryFilter([.. terms.Equal]))
        {
            return query;
        }

        foreach (var equal in terms.Equal)
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
    public IndexQuestion Question(int limit, bool isFresh) =>
        new(_app, _table, _declared.Declared, _declared.Indexes.Count + _declared.Groups.Count, SearchEntries.Shape, QueryWalk.Search, KeyRange.All, isFresh) { Limit = limit, Words = Text.Words, Phrases = Text.Phrases, Filters = _filters };

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
