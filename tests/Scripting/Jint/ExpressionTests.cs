using System.Runtime.CompilerServices;
using System.Text.Json;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.Scripting.Tests.Jint;

/// <summary>Some seven hundred expressions, each with the value that Node.js gives it (Fixtures/generate.js writes the table).</summary>
public sealed class ExpressionTests
{
    [Fact]
    public void Every_expression_gives_what_Node_gives()
    {
        var differences = new List<string>();
        foreach (var (expression, expected) in Fixture())
        {
            var result = ScriptPage.RunBody(
                "var r = (" + expression + "\n); return typeof r + ':' + (typeof r === 'string' ? JSON.stringify(r) : Object.is(r, -0) ? '-0' : typeof r === 'object' ? JSON.stringify(r) : String(r));");
            var actual = result.Status == RunStatus.Completed ? JsonSerializer.Deserialize<string>(result.Result.Span) : $"{result.Status}: {result.Reason}";
            if (actual != expected)
            {
                differences.Add($"{expression}\n  expected {expected}\n  actual   {actual}");
            }
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static List<(string Expression, string Expected)> Fixture([CallerFilePath] string here = "")
    {
        using var table = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(here)!, "Fixtures", "expressions.json")));
        return [.. table.RootElement.EnumerateArray().Select(row => (row[0].GetString()!, row[1].GetString()!))];
    }
}
