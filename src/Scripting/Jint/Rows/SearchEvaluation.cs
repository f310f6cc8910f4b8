using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Text;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary><c>table.search('words', {where, limit, fuzzy, fresh})</c> as handlers write it.</summary>
internal static class SearchEvaluation
{
    private const int UsualLimit = 20;

    public static JsArray Find(Realm realm, RowStore rows, TableSchema table, JsValue asked, JsValue options)
    {
        var declared = table.Indexes.Search ?? throw realm.Abort(Missing(table.Name));
        var text = asked.IsNullish ? "" : asked.Text ?? throw realm.Abort($"search needs a text, not {ColumnRules.Show(asked)}");
        var (terms, limit, isFresh, isFuzzy) = Options(realm, table, options);
        realm.Work(text.Length);
        var looked = SearchText.Of(new TextAnalyzer(declared.Language), text, isFuzzy);
        var query = SearchQuery.TryBind(rows.App, table.Name, table.Indexes, terms, looked, out var missing) ?? throw realm.Abort(missing);
        QueryEvaluation.RequireExact(realm, table, query.IsExact, "search");
        return new TableSearch(realm, rows, table, query, limit, isFresh).Find();
    }

    /// <summary>What is missing where nothing is declared.</summary>
    public static string Missing(string table) => $"table '{table}' declares no text search: declare \"search\": [\"…\"] with the columns to look at";

    /// <summary>What is missing where words are taken as they are written.</summary>
    public static string MissingFuzzy(string table) => $"table '{table}' finds no mistyped words: declare \"fuzzy\": true in its \"search\"";

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

        return isFuzzy && !table.Indexes.Search!.IsFuzzy ? throw realm.Abort(MissingFuzzy(table.Name)) : (terms, limit, isFresh, isFuzzy);
    }
}
