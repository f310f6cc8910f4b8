using Jint.Parser.Ast;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Pages.Analysis;

/// <summary>Finds tables, columns and queries that are written out in code but not declared.</summary>
internal sealed class TableNames(IReadOnlyDictionary<string, TableSchema> tables, DiagnosticList diagnostics)
{
    // What every object has: not a column, but no mistake.
    private static readonly HashSet<string> OfEveryObject = ["hasOwnProperty", "toString", "valueOf", "constructor", "toLocaleString", "isPrototypeOf", "propertyIsEnumerable"];

    private readonly TableQueries _queries = new(diagnostics);

    /// <param name="code">where the tree comes from</param>
    /// <param name="tree">the syntax to look through</param>
    /// <param name="inTemplate"><c>table</c> may stand without <c>mjolnir.</c></param>
    public void Check(PageCode code, SyntaxNode tree, bool inTemplate)
    {
        foreach (var node in SyntaxTree.All(tree))
        {
            if (node is CallExpression call && TableName(call, inTemplate) is { Value: string name } literal && !tables.ContainsKey(name))
            {
                diagnostics.Add(
                    code.PositionOf(literal),
                    $"there is no table '{name}'",
                    NearestName.Hint(name, tables.Keys, "Declare it in mjolnir.json under 'tables'."));
            }
            else if (node is CallExpression asked)
            {
                _queries.Check(code, asked, named => TableName(named, inTemplate) is { Value: string known } ? tables.GetValueOrDefault(known) : null);
            }
            else if (node is MemberExpression member)
            {
                CheckColumn(code, member, inTemplate);
            }
        }
    }

    // table('users').find(key).column
    private void CheckColumn(PageCode code, MemberExpression member, bool inTemplate)
    {
        if (member.Object is CallExpression { Callee: MemberExpression { Object: CallExpression table } found } && SyntaxTree.PropertyName(found) == "find"
            && TableName(table, inTemplate) is { Value: string name } && tables.TryGetValue(name, out var schema)
            && SyntaxTree.PropertyName(member) is { } column && !schema.Columns.ContainsKey(column) && !OfEveryObject.Contains(column))
        {
            diagnostics.Add(code.PositionOf(member.Property), $"table '{name}' has no column '{column}'", NearestName.Hint(column, schema.Columns.Keys, ""));
        }
    }

    private static Literal? TableName(CallExpression call, bool inTemplate)
    {
        var isTable = call.Callee switch
        {
            Identifier name => inTemplate && name.Name == "table",
            MemberExpression { Object: Identifier { Name: "mjolnir" } } member => SyntaxTree.PropertyName(member) == "table",
            _ => false,
        };
        return isTable && call.Arguments.Count > 0 ? call.Arguments[0] as Literal : null;
    }
}
