namespace Mjolnir.Scripting.Applications;

/// <summary>A place in an author's file.</summary>
/// <param name="File">path relative to the application's folder, with <c>/</c></param>
/// <param name="Line">from 1</param>
/// <param name="Column">from 1</param>
public sealed record SourcePosition(string File, int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Line}:{Column}";
}

/// <summary>A mistake found in an application.</summary>
/// <param name="Position">where</param>
/// <param name="Message">what is wrong, naming the thing</param>
/// <param name="Hint">what to do; null if the message says it</param>
public sealed record Diagnostic(SourcePosition Position, string Message, string? Hint);
