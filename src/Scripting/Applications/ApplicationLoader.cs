namespace Mjolnir.Scripting.Applications;

/// <summary>What loading gave: an application, or the mistakes that stand in its way (all of them).</summary>
/// <param name="Application">null if there are mistakes</param>
/// <param name="Diagnostics">every mistake, in file order</param>
public sealed record LoadResult(Application? Application, IReadOnlyList<Diagnostic> Diagnostics);
