using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Text;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>
/// A search of a run. Which rows to look at says the index; they are read through the transaction, and ranked by what they say now, those that the run wrote itself among them. Counts are the
/// index's, with the difference that the run's own writes make.
/// </summary>
/// <param name="realm">the run's</param>
/// <param name="rows">its rows</param>
/// <param name="table">the table: text search is declared</param>
/// <param name="query">what is asked for</param>
/// <param name="limit">rows of a page</param>
/// <param name="isFresh">everything that is durable by now shall be looked at</param>
internal sealed class TableSearch(Realm realm, RowStore rows, TableSchema table, SearchQuery query, int limit, bool isFresh)
{
    private const int Spare = 4;

    private readonly SearchDeclaration _declared = table.Indexes.Search!;
    private readonly TextAnalyzer _analyzer = new(table.Indexes.Search!.Language);

    /// <summary>A row that the run knows, and how well it answers as it was read and as it is now; null where it does not.</summary>
    private readonly record struct Judged(RowStore.KnownRow Row, SearchRank? Before, SearchRank? Now)
    {
        /// <summary>How many rows more there are by it than the index counts.</summary>
        public int Difference => (Now is null ? 0 : 1) - (Before is null ? 0 : 1);
    }

    /// <summary>The best rows, which tell of their search and give its other pages.</summary>
    public JsArray Find()
    {
        // Each row that the run knows may be one that the index still counts among the best.
        var answer = Ask(most => query.Question(most, isFresh), limit + Spare);
        foreach (var found in answer.Found)
        {
            rows.Load(table, found.PrimaryKey);
        }

        var judged = Judge(answer);
        var given = Best(judged).Take(limit).ToList();
        var result = Array(given);
        result.Set("highlights", Highlights(given, answer), Attributes.Hidden);
        result.Set("total", (double)(answer.Count + judged.Sum(static row => row.Difference)), Attributes.Hidden);
        result.Set("partial", answer.IsPartial, Attributes.Hidden);
        result.Set("behind", answer.IsBehind, Attributes.Hidden);
        result.Method("page", 1, (_, _, args) => Page(args.At(0)));
        result.Method("facets", 1, (_, _, args) => Facets(args));
        return result;
    }

    /// <summary>A page by its number: <c>{rows, highlights, page, pages, total, partial, behind}</c>. Which rows it has is as the index ranks them, with what the run itself changed.</summary>
    private JsObject Page(JsValue number)
    {
        var (page, most) = (QueryObject.PageNumber(realm, number), realm.Limits.MaxQueryRows);
        if (page * limit > most)
        {
            throw realm.Abort($"a search ranks the first {most} rows into pages: ask for more words");
        }

        var answer = Ask(count => query.Question(count, isFresh), (int)page * limit);
        var moved = Judge(answer).Where(static row => row.Before != row.Now).ToDictionary(static row => row.Row.PrimaryKey, StringComparer.Ordinal);
        var last = answer.IsWhole ? null : answer.Found[^1].Place;
        var places = answer.Found.Where(found => !moved.ContainsKey(found.PrimaryKey))
            .Concat(moved.Values.Where(static row => row.Now is not null).Select(static row => new FoundPlace(row.Now!.Value.PlaceOf(row.Row.PrimaryKey), row.Row.PrimaryKey)).Where(row => last is null || row.Place.AsSpan().SequenceCompareTo(last) <= 0))
            .ToList();
        realm.Work(places.Count);
        places.Sort(static (one, other) => one.Place.AsSpan().SequenceCompareTo(other.Place));
        var keys = places.Skip(((int)page - 1) * limit).Take(limit).Select(static place => place.PrimaryKey).ToHashSet(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            rows.Load(table, key);
        }

        var total = answer.Count + moved.Values.Sum(static row => row.Difference);
        var shown = Best(Judge(answer).Where(row => keys.Contains(row.Row.PrimaryKey))).ToList();
        var given = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        given.Set("rows", Array(shown));
        given.Set("highlights", Highlights(shown, answer));
        given.Set("page", number);
        given.Set("pages", Math.Ceiling(total / (double)limit));
        given.Set("total", (double)total);
        given.Set("partial", answer.IsPartial);
        given.Set("behind", answer.IsBehind);
        return given;
    }

    /// <summary>What is found counted per value of columns: <c>[{value, count}, …]</c>, the largest group first.</summary>
    private JsArray Facets(JsValue[] columns)
    {
        var by = QueryObject.GroupColumns(realm, table, columns);
        if (by.Find(name => !SearchQuery.Keeps(table.Indexes, name)) is { } missing)
        {
            throw realm.Abort(MissingFacet(table.Name, missing));
        }

        var most = realm.Limits.MaxQueryRows;
        var answer = Ask(_ => query.Counts(by, most, isFresh), most);
        var groups = answer.Groups.ToDictionary(static group => Convert.ToHexString(group.Key), static group => group.Total.Count, StringComparer.Ordinal);
        foreach (var row in Judge(answer))
        {
            Add(row.Before, row.Row.Before(realm), -1);
            Add(row.Now, row.Row.Now, 1);
        }

        var left = groups.Where(static group => group.Value > 0).OrderByDescending(static group => group.Value).ThenBy(static group => group.Key, StringComparer.Ordinal).ToList();
        if (!answer.IsWhole || left.Count > most)
        {
            throw realm.Abort($"more than {most} groups of table '{table.Name}' by {string.Join(", ", by)}: ask within where");
        }

        realm.Work(left.Count * 4);
        var result = new JsArray(realm, [.. left.Select(group => (JsValue)GroupEvaluation.Counted(realm, by, query.ValuesOf(by, Convert.FromHexString(group.Key)), group.Value))]);
        result.Set("partial", answer.IsPartial, Attributes.Hidden);
        result.Set("behind", answer.IsBehind, Attributes.Hidden);
        return result;

        void Add(SearchRank? rank, Slot[]? row, int sign)
        {
            if (rank is not null)
            {
                var key = Convert.ToHexString(query.KeyOf(by, QueryValues.Of(table, row!)));
                groups[key] = groups.GetValueOrDefault(key) + sign;
            }
        }
    }

    /// <summary>What is missing where a search is counted by a column that is not kept beside its text.</summary>
    public static string MissingFacet(string table, string column) => $"a search of table '{table}' is not counted by '{column}': declare \"facets\": [\"{column}\"] in its \"search\"";

    private IndexAnswer Ask(Func<int, IndexQuestion> question, int most) =>
        query.Text.Words.Count == 0 ? new IndexAnswer { IsWhole = true, Figures = new SearchFigures(0, 0, []) } : rows.Ask(question(most + rows.Known(table).Count()));

    /// <summary>All rows that the run knows, by the figures of an answer.</summary>
    private List<Judged> Judge(IndexAnswer answer)
    {
        var text = query.Text with { Words = answer.Figures!.Meant(query.Text.Words) };
        var judged = new List<Judged>();
        foreach (var row in text.Words.Count == 0 ? [] : rows.Known(table))
        {
            realm.Work(256);
            judged.Add(new Judged(row, Rank(text, answer.Figures, row.Before(realm)), Rank(text, answer.Figures, row.Now)));
        }

        return judged;
    }

    private SearchRank? Rank(SearchText text, SearchFigures figures, Slot[]? columns)
    {
        if (columns is null || QueryValues.Of(table, columns) is var values && !query.Terms.Match(values))
        {
            return null;
        }

        var row = RowText.Of(_analyzer, _declared, [.. _declared.Fields.Select(field => values(field.Column))], _declared.Popularity is null ? IndexValue.Null : values(_declared.Popularity));
        var places = new WordPlaces();
        WordMatch[] found = [.. text.Words.Select(word => row.MatchOf(word, places))];
        return System.Array.TrueForAll(found, static word => word.IsFound) && text.Phrases.All(phrase => phrase.IsIn(found, places)) ? figures.Rank(found, places, row.Shape) : null;
    }

    private static IEnumerable<RowObject> Best(IEnumerable<Judged> judged) =>
        judged.Where(static row => row.Now is not null).OrderBy(static row => row.Now!.Value).ThenBy(static row => row.Row.PrimaryKey, StringComparer.Ordinal).Select(static row => row.Row.Row!);

    private JsArray Array(List<RowObject> given) => new(realm, [.. given.Select(static row => JsValue.Of(row))]);

    private JsArray Highlights(List<RowObject> given, IndexAnswer answer)
    {
        var words = answer.Figures!.Meant(query.Text.Words);
        return new JsArray(realm, [.. given.Select(row => JsValue.Of(Highlight(words, row)))]);
    }

    private JsObject Highlight(IReadOnlyList<SearchWord> words, RowObject row)
    {
        var values = QueryValues.Of(table, row.Columns.ToArray());
        var shown = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        foreach (var field in _declared.Fields)
        {
            if (values(field.Column).Text is { } text && TextHighlight.Of(_analyzer, words, text) is { } marked)
            {
                shown.Set(field.Column, marked);
            }
        }

        return shown;
    }
}
