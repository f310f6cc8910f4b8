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
    private readonly record struct Answer(string PrimaryKey, RowObject Row, double Score);

    public static JsArray Find(Realm realm, RowStore rows, TableSchema table, JsValue asked, JsValue options)
    {
        var declared = table.Indexes.Search ?? throw realm.Abort(Missing(table.Name));
        var text = asked.IsNullish ? "" : asked.Text ?? throw realm.Abort($"search needs a text, not {ColumnRules.Show(asked)}");
        var (terms, limit, isFresh) = Options(realm, table, options);
        realm.Work(text.Length);
        var analyzer = new TextAnalyzer(declared.Language);
        var words = SearchWord.Of(analyzer, text);
        if (words.Count == 0)
        {
            return Result(realm, [], [], 0, isBehind: false);
        }

        var query = SearchQuery.TryBind(rows.App, table.Name, table.Indexes, terms, words, out var missing) ?? throw realm.Abort(missing);

        // Each row that the run knows may be one that the index still counts among the best.
        var answer = rows.Ask(query.Question(limit + Spare + rows.Known(table).Count(), isFresh));
        foreach (var found in answer.Found)
        {
            rows.Load(table, found.PrimaryKey);
        }

        var best = new List<Answer>();
        var total = answer.Count;
        foreach (var row in rows.Known(table))
        {
            realm.Work(256);
            var score = Score(table, declared, analyzer, query, answer.Figures!, row.Now);
            total += (score is null ? 0 : 1) - (Score(table, declared, analyzer, query, answer.Figures!, row.Before(realm)) is null ? 0 : 1);
            if (score is { } known)
            {
                best.Add(new Answer(row.PrimaryKey, row.Row!, known));
            }
        }

        var given = best.OrderByDescending(static row => row.Score).ThenBy(static row => row.PrimaryKey, StringComparer.Ordinal).Take(limit).Select(static row => row.Row).ToList();
        return Result(realm, given, given.ConvertAll(row => Highlights(realm, table, declared, analyzer, words, row)), total, answer.IsBehind);
    }

    /// <summary>What is missing where nothing is declared.</summary>
    public static string Missing(string table) => $"table '{table}' declares no text search: declare \"search\": [\"…\"] with the columns to look at";

    /// <summary>How well a row answers; null if it does not.</summary>
    private static double? Score(TableSchema table, SearchDeclaration declared, TextAnalyzer analyzer, SearchQuery query, SearchFigures figures, Slot[]? columns)
    {
        if (columns is null || QueryValues.Of(table, columns) is var values && !query.Terms.Match(values))
        {
            return null;
        }

        var row = RowText.Of(analyzer, declared, [.. declared.Fields.Select(field => values(field.Column))]);
        double[] weights = [.. query.Words.Select(row.WeightOf)];
        return Array.Exists(weights, static weight => weight == 0) ? null : figures.Score(weights, row.Length);
    }

    private static (QueryTerms Terms, int Limit, bool IsFresh) Options(Realm realm, TableSchema table, JsValue options)
    {
        var (terms, limit, isFresh) = (QueryTerms.All, UsualLimit, false);
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
                case "fuzzy":
                    throw realm.Abort("search does not find mistyped words in this version: leave 'fuzzy' out");
                default:
                    throw realm.Abort($"search knows where, limit (1 to {realm.Limits.MaxQueryRows}) and fresh, and not '{name}: {ColumnRules.Show(value)}'");
            }
        }

        if (terms.Range is { } range)
        {
            throw realm.Abort($"a search is within columns that have one value, and this one has bounds on '{range.Column}'");
        }

        QueryEvaluation.RequireExact(realm, table, terms.Equal.All(equal => KeyRanges.IsExact(equal.Value)), "search");
        return (terms, limit, isFresh);
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
