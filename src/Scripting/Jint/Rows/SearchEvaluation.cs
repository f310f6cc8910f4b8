using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Text;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>
/// <c>table.search('words', {where, limit, fresh})</c>: which rows to look at says the index; they are read through the transaction, and ranked by what they say now, those that the run wrote
/// itself among them.
/// </summary>
internal static class SearchEvaluation
{
    private const int UsualLimit = 20;
    private const int Spare = 4;

    /// <summary>A row that answers.</summary>
    private readonly record struct Answer(string PrimaryKey, RowObject Row, SearchRank Rank);

    public static JsArray Find(Realm realm, RowStore rows, TableSchema table, JsValue asked, JsValue options)
    {
        var declared = table.Indexes.Search ?? throw realm.Abort(Missing(table.Name));
        var text = asked.IsNullish ? "" : asked.Text ?? throw realm.Abort($"search needs a text, not {ColumnRules.Show(asked)}");
        var (terms, limit, isFresh, isFuzzy) = Options(realm, table, options);
        realm.Work(text.Length);
        var analyzer = new TextAnalyzer(declared.Language);
        var looked = SearchText.Of(analyzer, text, isFuzzy);
        if (looked.Words.Count == 0)
        {
            return Result(realm, [], [], 0, isBehind: false);
        }

        var query = SearchQuery.TryBind(rows.App, table.Name, table.Indexes, terms, looked, out var missing) ?? throw realm.Abort(missing);

        // Each row that the run knows may be one that the index still counts among the best.
        var answer = rows.Ask(query.Question(limit + Spare + rows.Known(table).Count(), isFresh));
        foreach (var found in answer.Found)
        {
            rows.Load(table, found.PrimaryKey);
        }

        var meant = looked with { Words = answer.Figures!.Meant(looked.Words) };
        var best = new List<Answer>();
        var total = answer.Count;
        foreach (var row in rows.Known(table))
        {
            realm.Work(256);
            var rank = Rank(row.Now);
            total += (rank is null ? 0 : 1) - (Rank(row.Before(realm)) is null ? 0 : 1);
            if (rank is { } known)
            {
                best.Add(new Answer(row.PrimaryKey, row.Row!, known));
            }
        }

        var given = best.OrderBy(static row => row.Rank).ThenBy(static row => row.PrimaryKey, StringComparer.Ordinal).Take(limit).Select(static row => row.Row).ToList();
        return Result(realm, given, given.ConvertAll(row => Highlights(realm, table, declared, analyzer, meant.Words, row)), total, answer.IsBehind);

        SearchRank? Rank(Slot[]? columns) => SearchEvaluation.Rank(table, declared, analyzer, query.Terms, meant, answer.Figures!, columns);
    }

    /// <summary>What is missing where nothing is declared.</summary>
    public static string Missing(string table) => $"table '{table}' declares no text search: declare \"search\": [\"…\"] with the columns to look at";

    /// <summary>What is missing where words are taken as they are written.</summary>
    public static string MissingFuzzy(string table) => $"table '{table}' finds no mistyped words: declare \"fuzzy\": true in its \"search\"";

    /// <summary>How well a row answers; null if it does not.</summary>
    private static SearchRank? Rank(TableSchema table, SearchDeclaration declared, TextAnalyzer analyzer, QueryTerms terms, SearchText text, SearchFigures figures, Slot[]? columns)
    {
        if (columns is null || QueryValues.Of(table, columns) is var values && !terms.Match(values))
        {
            return null;
        }

        var row = RowText.Of(analyzer, declared, [.. declared.Fields.Select(field => values(field.Column))]);
        WordMatch[] found = [.. text.Words.Select(row.MatchOf)];
        return Array.TrueForAll(found, static word => word.IsFound) && text.Phrases.All(phrase => row.Has(phrase, text.Words)) ? figures.Rank(found, row.Length) : null;
    }

    private static (QueryTerms Terms, int Limit, bool IsFresh, bool IsFuzzy) Options(Realm realm, TableSchema table, JsValue options)
    {
        var (terms, limit, isFresh, isFuzzy) = (QueryTerms.All, UsualLimit, false, false);
        if (!options.IsUndefined && options.Object is null)
        {
            throw realm.Abort($"the options of search are an object, not {ColumnRules.Show(options)}");
        }

        foreach (var name in options.Object?.EnumerableKeys() ?? [])
        {
            var value = options.Object!.Get(name);
            switch (name)
            {
                case "where":
                    terms = QueryValues.Terms(realm, table, value);
                    break;
                case "limit" when value.IsNumber && value.Number >= 1 && value.Number <= realm.Limits.MaxQueryRows && Math.Floor(value.Number) == value.Number:
                    limit = (int)value.Number;
                    break;
                case "fresh" when value.IsBoolean:
                    isFresh = value.IsTrue;
                    break;
                case "fuzzy" when value.IsBoolean:
                    isFuzzy = value.IsTrue;
                    break;
                default:
                    throw realm.Abort($"search knows where, limit (1 to {realm.Limits.MaxQueryRows}), fuzzy and fresh, and not '{name}: {ColumnRules.Show(value)}'");
            }
        }

        if (isFuzzy && !table.Indexes.Search!.IsFuzzy)
        {
            throw realm.Abort(MissingFuzzy(table.Name));
        }

        if (terms.Range is { } range)
        {
            throw realm.Abort($"a search is within columns that have one value, and this one has bounds on '{range.Column}'");
        }

        QueryEvaluation.RequireExact(realm, table, terms.Equal.All(equal => KeyRanges.IsExact(equal.Value)), "search");
        return (terms, limit, isFresh, isFuzzy);
    }

    private static JsArray Result(Realm realm, List<RowObject> rows, List<JsObject> highlights, double total, bool isBehind)
    {
        var result = new JsArray(realm, [.. rows.Select(static row => JsValue.Of(row))]);
        result.Set("highlights", new JsArray(realm, [.. highlights.Select(static each => JsValue.Of(each))]), Attributes.Hidden);
        result.Set("total", total, Attributes.Hidden);
        result.Set("behind", isBehind, Attributes.Hidden);
        return result;
    }

    private static JsObject Highlights(Realm realm, TableSchema table, SearchDeclaration declared, TextAnalyzer analyzer, IReadOnlyList<SearchWord> words, RowObject row)
    {
        var values = QueryValues.Of(table, row.Columns.ToArray());
        var shown = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        foreach (var field in declared.Fields)
        {
            if (values(field.Column).Text is { } text && TextHighlight.Of(analyzer, words, text) is { } marked)
            {
                shown.Set(field.Column, marked);
            }
        }

        return shown;
    }
}
