using Jint.Parser.Ast;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages.Analysis;

namespace Mjolnir.Scripting.Pages.Templates;

/// <summary>Reads single templates: expression, filters, and whether both make sense.</summary>
internal sealed class TemplateParser(SourceText source, TableNames tables, DiagnosticList diagnostics)
{
    private static readonly string[] FilterNames = ["raw", "upper", "lower", "json", "default", "date"];

    /// <summary>The part that a region stands for. It is complete also where there are mistakes, which then stand in the diagnostics.</summary>
    /// <param name="region">the template</param>
    /// <param name="kind">where it stands: <c>raw</c> is for text only</param>
    public TemplatePart Parse(TemplateRegion region, TemplateKind kind)
    {
        var decoded = DecodedText.Of(source.Text, region.InnerStart, region.InnerEnd);
        var cut = TemplateExpression.Of(decoded.Text);
        var position = source.PositionAt(region.Start);
        SourcePosition At(int offset) => source.PositionAt(decoded.SourceOffset(offset));
        if (cut.Expression.Length == 0)
        {
            diagnostics.Add(position, "this template is empty", "Write an expression: {{ user }}. To show two braces, write {{ '{{' }}.");
        }
        else
        {
            CheckExpression(cut, At);
        }

        var filters = cut.Filters.Select(filter => Filter(filter.Text, At(filter.Start), kind)).OfType<string>().ToList();
        return new TemplatePart(null, cut.Expression, filters, At(cut.ExpressionStart));
    }

    private void CheckExpression(TemplateExpression cut, Func<int, SourcePosition> at)
    {
        // In parentheses it can only be an expression; the one column that they take is given back.
        var code = new PageCode($"({cut.Expression}\n)", offset => at(cut.ExpressionStart + Math.Clamp(offset - 1, 0, cut.Expression.Length)));
        if (!code.IsEs5)
        {
            code.ReportNotEs5(diagnostics, "templates are ES5 expressions");
        }
        else if (!ScriptScan.Of(cut.Expression).IsBalanced || code.SingleExpression is null)
        {
            diagnostics.Add(at(cut.ExpressionStart), "a template is one expression", "Write what yields a value: {{ a ? b : c }}. Statements belong in a script.");
        }
        else
        {
            TemplateNames.Check(code, diagnostics);
            tables.Check(code, code.Program!, inTemplate: true);
        }
    }

    private string? Filter(string written, SourcePosition position, TemplateKind kind)
    {
        var colon = written.IndexOf(':', StringComparison.Ordinal);
        var name = (colon < 0 ? written : written[..colon]).Trim();
        if (!FilterNames.Contains(name))
        {
            diagnostics.Add(position, $"there is no filter '{name}'", NearestName.Hint(name, FilterNames, ""));
            return null;
        }

        if (name == "raw" && kind != TemplateKind.Text)
        {
            diagnostics.Add(position, "the filter 'raw' is for text only", "An attribute's or a field's value is no HTML: leave the filter out.");
            return null;
        }

        if (name == "default")
        {
            return DefaultFilter(written, colon, position);
        }

        if (colon >= 0)
        {
            diagnostics.Add(position, $"the filter '{name}' takes no value", $"Write {{{{ … | {name} }}}}.");
        }

        return name;
    }

    private string? DefaultFilter(string written, int colon, SourcePosition position)
    {
        var argument = colon < 0 ? "" : written[(colon + 1)..].Trim();
        var code = new PageCode($"({argument}\n)", _ => position);
        var value = argument.Length > 0 && code.SingleExpression is Literal literal ? literal.Value : null;
        if (value is string or double or bool)
        {
            return "default:" + (value is string text ? text : argument);
        }

        diagnostics.Add(position, "the filter 'default' needs a text", "Write {{ … | default:'nobody' }}.");
        return null;
    }
}
