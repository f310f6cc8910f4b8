using System.Globalization;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Text;

namespace Mjolnir.Scripting.Applications;

/// <summary>Reads <c>indexes</c>, <c>groups</c> and <c>search</c> of a table. What has a mistake is told and left out.</summary>
/// <param name="table">the table's name</param>
/// <param name="columns">its columns</param>
/// <param name="mistyped">columns whose type is a mistake already told: what uses them is none of its own</param>
/// <param name="diagnostics">where mistakes are told</param>
internal sealed class TableIndexReader(string table, IReadOnlyList<Column> columns, IReadOnlySet<string> mistyped, DiagnosticList diagnostics)
{
    private const string IndexHint = "Write [\"category\", \"-date\"] ('-': largest first), or {\"columns\": [\"category\", \"date\"], \"order\": \"price\", \"sum\": [\"seats\"], \"unique\": true}.";
    private const string GroupHint = "Write [\"category\", \"city\"], or {\"columns\": [\"category\"], \"sum\": [\"seats\"]}.";
    private const string SearchHint = "Write [\"title\", \"text\"], or {\"fields\": {\"title\": 3, \"text\": 1}, \"language\": \"en\"}.";
    private const string FacetHint = "Write \"facets\": [\"category\", \"price\"].";

    // A word's weight beyond this drowns all others: most likely a mistake.
    private const double MaxWeight = 100;

    private int _mistakes;

    /// <summary>What the table declares.</summary>
    public TableIndexes Read(JsonItem declared)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var indexes = Members(declared, "indexes", "index", names, IndexHint, ReadIndex);
        var groups = Members(declared, "groups", "group", names, GroupHint, ReadGroup);
        var search = declared.Member("search") is { } member ? ReadSearch(member.Value) : null;
        return new TableIndexes(indexes, groups, search);
    }

    private List<T> Members<T>(JsonItem declared, string property, string what, HashSet<string> names, string hint, Func<JsonMember, T> read)
    {
        var all = new List<T>();
        if (!JsonShape.TryObject(declared, property, diagnostics, out var found))
        {
            return all;
        }

        foreach (var member in found.Members)
        {
            var before = _mistakes;
            CheckName(member, what, names);
            if (all.Count == IndexLimits.PerTable)
            {
                Tell(member.Position, $"table '{table}' has more than {IndexLimits.PerTable} {property}", "Each of them is written with every row: keep those that queries use.");
                break;
            }

            if (!member.Value.IsArray && !member.Value.IsObject)
            {
                Tell(member.Value.Position, $"{what} '{member.Name}' must be a list of columns or an object, not {member.Value.KindInWords}", hint);
                continue;
            }

            var one = read(member);
            if (_mistakes == before)
            {
                all.Add(one);
            }
        }

        return all;
    }

    private void CheckName(JsonMember member, string what, HashSet<string> names)
    {
        var isName = member.Name.Length is > 0 and <= ApplicationLimits.MaxTableNameLength && member.Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
        if (!isName)
        {
            Tell(member.Position, $"the {what} cannot be named '{member.Name}'", $"Letters, digits and '_', at most {ApplicationLimits.MaxTableNameLength} characters.");
        }
        else if (!names.Add(member.Name))
        {
            Tell(member.Position, $"'{member.Name}' names an index and a group", "Give them different names.");
        }
    }

    private IndexDeclaration ReadIndex(JsonMember member)
    {
        var value = member.Value;
        JsonShape.CheckNames(value, ["columns", "order", "sum", "unique"], [], $"index '{member.Name}'", diagnostics);
        var sorted = ReadColumns(member, "index", IndexHint);
        var order = value.Member("order") is { } given ? ReadOrder(given.Value, sorted) : null;
        return new IndexDeclaration(member.Name, sorted, order, ReadSums(value), ReadFlag(value, "unique"));
    }

    private GroupDeclaration ReadGroup(JsonMember member)
    {
        JsonShape.CheckNames(member.Value, ["columns", "sum"], [], $"group '{member.Name}'", diagnostics);
        return new GroupDeclaration(member.Name, ReadColumns(member, "group", GroupHint), ReadSums(member.Value));
    }

    private List<IndexColumn> ReadColumns(JsonMember member, string what, string hint)
    {
        var read = new List<IndexColumn>();
        var list = member.Value.IsArray ? member.Value : member.Value.Member("columns")?.Value;
        if (list is null)
        {
            Tell(member.Value.Position, $"{what} '{member.Name}' has no 'columns'", hint);
            return read;
        }

        var before = _mistakes;
        foreach (var name in Names(list, $"{what} '{member.Name}'", hint))
        {
            if (ReadColumn(name) is not { } column)
            {
                continue;
            }

            if (read.Exists(known => known.Name == column.Name))
            {
                Tell(name.Position, $"{what} '{member.Name}' has column '{column.Name}' twice", "Remove one of them.");
            }

            read.Add(column);
        }

        if (read.Count == 0 && _mistakes == before)
        {
            Tell(list.Position, $"{what} '{member.Name}' has no columns", hint);
        }
        else if (read.Count > IndexLimits.Columns)
        {
            Tell(list.Position, $"{what} '{member.Name}' has {read.Count} columns; at most {IndexLimits.Columns} are possible", "Leave out those behind the one that a range is asked of.");
        }

        return read;
    }

    private IndexColumn? ReadOrder(JsonItem item, List<IndexColumn> sorted)
    {
        if (!item.IsString)
        {
            Tell(item.Position, $"'order' must be a column's name, not {item.KindInWords}", "Write \"order\": \"price\", or \"-price\" for the largest first.");
            return null;
        }

        var order = ReadColumn(item);
        if (order is not null && sorted.Exists(column => column.Name == order.Name))
        {
            Tell(item.Position, $"the order '{order.Name}' is a column of the index already", "An order is for another column than those that the index is sorted by: remove it.");
        }

        return order;
    }

    /// <summary>A column as an index sorts by it; null, with a diagnostic, if it cannot.</summary>
    private IndexColumn? ReadColumn(JsonItem item)
    {
        var isDescending = item.Text.StartsWith('-') && columns.All(column => column.Name != item.Text);
        var name = isDescending ? item.Text[1..] : item.Text;
        if (columns.FirstOrDefault(column => column.Name == name) is not { } column)
        {
            Tell(item.Position, $"table '{table}' has no column '{name}'", NearestName.Hint(name, columns.Select(known => known.Name), "Declare it."));
            return null;
        }

        if (column.Type == ColumnType.Json && !mistyped.Contains(name))
        {
            Tell(item.Position, $"column '{name}' is json, which has no order", "Put what is looked for into a column of its own.");
        }

        return new IndexColumn(name, KindOf(column.Type), isDescending);
    }

    private List<string> ReadSums(JsonItem value)
    {
        var sums = new List<string>();
        if (value.Member("sum") is not { Value: var list })
        {
            return sums;
        }

        foreach (var item in Names(list, "'sum'", "Write \"sum\": [\"seats\"]."))
        {
            if (columns.FirstOrDefault(column => column.Name == item.Text) is not { } column)
            {
                Tell(item.Position, $"table '{table}' has no column '{item.Text}'", NearestName.Hint(item.Text, columns.Select(known => known.Name), "Declare it."));
            }
            else if (column.Type != ColumnType.Integer && !mistyped.Contains(column.Name))
            {
                Tell(item.Position, $"column '{column.Name}' cannot be summed: it is no integer", "Sums are exact: keep money in cents.");
            }

            sums.Add(item.Text);
        }

        if (sums.Count > IndexLimits.Sums)
        {
            Tell(list.Position, $"{sums.Count} columns are summed; at most {IndexLimits.Sums} are possible", "Declare a second index or group for the others.");
        }

        return sums;
    }

    private SearchDeclaration? ReadSearch(JsonItem value)
    {
        var before = _mistakes;
        var fields = new List<SearchField>();
        if (value.IsArray)
        {
            fields.AddRange(Names(value, "'search'", SearchHint).Select(name => new SearchField(SearchedColumn(name.Text, name.Position), 1)));
        }
        else if (value.IsObject)
        {
            JsonShape.CheckNames(value, ["fields", "language", "fuzzy", "facets", "popularity"], [], "'search'", diagnostics);
            if (JsonShape.TryObject(value, "fields", diagnostics, out var given))
            {
                fields.AddRange(given.Members.Select(field => new SearchField(SearchedColumn(field.Name, field.Position), Weight(field))));
            }
        }
        else
        {
            Tell(value.Position, $"'search' must be a list of columns or an object, not {value.KindInWords}", SearchHint);
        }

        if (fields.Count == 0 && _mistakes == before)
        {
            Tell(value.Position, "'search' has no columns", SearchHint);
        }

        var search = new SearchDeclaration(fields, ReadLanguage(value), ReadFlag(value, "fuzzy")) { Facets = ReadFacets(value), Popularity = ReadPopularity(value) };
        return _mistakes == before ? search : null;
    }

    private List<IndexColumn> ReadFacets(JsonItem value)
    {
        var facets = new List<IndexColumn>();
        if (value.Member("facets") is not { Value: var list })
        {
            return facets;
        }

        foreach (var name in Names(list, "'facets'", FacetHint))
        {
            if (ReadColumn(name) is not { } column)
            {
                continue;
            }

            if (column.Descending || facets.Exists(known => known.Name == column.Name))
            {
                Tell(name.Position, column.Descending ? $"the facet '{name.Text}' cannot be sorted" : $"'facets' has column '{column.Name}' twice", column.Descending ? "Write the column's name alone." : "Remove one of them.");
            }

            facets.Add(column);
        }

        if (facets.Count > IndexLimits.Columns)
        {
            Tell(list.Position, $"'facets' has {facets.Count} columns; at most {IndexLimits.Columns} are possible", "Each of them is written with every row: keep those that searches use.");
        }

        return facets;
    }

    private string? ReadPopularity(JsonItem value)
    {
        if (value.Member("popularity") is not { Value: var name })
        {
            return null;
        }

        if (!name.IsString)
        {
            Tell(name.Position, $"'popularity' must be a column's name, not {name.KindInWords}", "Write \"popularity\": \"sold\".");
        }
        else if (columns.FirstOrDefault(column => column.Name == name.Text) is not { } column)
        {
            Tell(name.Position, $"table '{table}' has no column '{name.Text}'", NearestName.Hint(name.Text, columns.Select(known => known.Name), "Declare it."));
        }
        else if (column.Type is not (ColumnType.Integer or ColumnType.Number) && !mistyped.Contains(column.Name))
        {
            Tell(name.Position, $"column '{name.Text}' cannot make rows count more: it is neither integer nor number", "It tells how often something was sold or needed: the more, the more its row counts.");
        }

        return name.Text;
    }

    private string SearchedColumn(string name, SourcePosition position)
    {
        if (columns.FirstOrDefault(column => column.Name == name) is not { } column)
        {
            Tell(position, $"table '{table}' has no column '{name}'", NearestName.Hint(name, columns.Select(known => known.Name), "Declare it."));
        }
        else if (column.Type != ColumnType.String && !mistyped.Contains(name))
        {
            Tell(position, $"column '{name}' cannot be searched: it is no string", "Text search looks at strings.");
        }

        return name;
    }

    private double Weight(JsonMember field)
    {
        if (field.Value.Kind == System.Text.Json.JsonTokenType.Number && double.Parse(field.Value.Text, CultureInfo.InvariantCulture) is > 0 and <= MaxWeight and var weight)
        {
            return weight;
        }

        Tell(field.Value.Position, $"the weight of '{field.Name}' must be a number above 0, at most {MaxWeight}", "1 is usual; a title may count 3.");
        return 1;
    }

    private string? ReadLanguage(JsonItem value)
    {
        if (value.Member("language") is not { Value: var language })
        {
            return null;
        }

        if (!language.IsString || !TextAnalyzer.Languages.Contains(language.Text))
        {
            Tell(language.Position, language.IsString ? $"'{language.Text}' is no language whose endings are known" : $"'language' must be a string, not {language.KindInWords}", $"There are: {string.Join(", ", TextAnalyzer.Languages)}. Without one, words are taken as they are.");
        }

        return language.Text;
    }

    private bool ReadFlag(JsonItem value, string name)
    {
        if (value.Member(name) is not { Value: var flag })
        {
            return false;
        }

        if (flag.Kind is not (System.Text.Json.JsonTokenType.True or System.Text.Json.JsonTokenType.False))
        {
            Tell(flag.Position, $"'{name}' must be true or false, not {flag.KindInWords}", "Write it without quotes.");
        }

        return flag.Kind == System.Text.Json.JsonTokenType.True;
    }

    private static IndexedKind KindOf(ColumnType type) => type switch
    {
        ColumnType.String => IndexedKind.Text,
        ColumnType.Boolean => IndexedKind.Boolean,
        _ => IndexedKind.Number,
    };

    private IEnumerable<JsonItem> Names(JsonItem list, string what, string hint)
    {
        var before = diagnostics.Count;
        var names = JsonShape.Strings(list, what, hint, diagnostics).ToList();
        _mistakes += diagnostics.Count - before;
        return names;
    }

    private void Tell(SourcePosition position, string message, string hint)
    {
        _mistakes++;
        diagnostics.Add(position, message, hint);
    }
}
