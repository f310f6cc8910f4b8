using Jint.Parser.Ast;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages.Analysis;

namespace Mjolnir.Scripting.Pages.Templates;

/// <summary>What a template may name: the data, and JavaScript's own library. It reads and changes nothing.</summary>
internal static class TemplateNames
{
    private static readonly string[] Known =
    [
        "mjolnir", "table", "kv", "user",
        "Math", "JSON", "Date", "String", "Number", "Boolean", "Array", "Object", "RegExp", "Error", "TypeError", "RangeError", "Map", "Set",
        "parseInt", "parseFloat", "isNaN", "isFinite", "NaN", "Infinity", "undefined",
        "encodeURIComponent", "decodeURIComponent", "encodeURI", "decodeURI",
    ];

    public static void Check(PageCode code, DiagnosticList diagnostics)
    {
        var (scope, scopes) = ScopeBuilder.Build(code, code.Program!);
        var graph = new PageGraph();
        new ReferenceCollector(scopes, graph).Collect(scope);
        foreach (var reference in scope.WithAllChildren().SelectMany(function => function.References))
        {
            if (reference is { Owner: null, Use: not ReferenceUse.Assigned } && !Known.Contains(reference.Name))
            {
                var hint = NearestName.Find(reference.Name, Known) is { } near ? $"Did you mean '{near}'? " : "";
                diagnostics.Add(
                    code.PositionOf(reference.Node),
                    $"'{reference.Name}' is not known in a template",
                    hint + "Templates see table, kv, user and JavaScript's own library; the page's variables and functions are out of reach.");
            }
        }

        foreach (var node in SyntaxTree.All(code.Program!))
        {
            if (node is AssignmentExpression or UpdateExpression or UnaryExpression { Operator: UnaryOperator.Delete })
            {
                diagnostics.Add(code.PositionOf(node), "a template cannot change anything", "Templates only read: put changes into a handler.");
            }
        }
    }
}
