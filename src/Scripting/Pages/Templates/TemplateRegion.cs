namespace Mjolnir.Scripting.Pages.Templates;

/// <summary>Where <c>{{ … }}</c> stands in a page.</summary>
/// <param name="Start">the first brace</param>
/// <param name="End">behind the last brace</param>
internal readonly record struct TemplateRegion(int Start, int End)
{
    public int InnerStart => Start + 2;

    public int InnerEnd => End - 2;

    public int Length => End - Start;
}
