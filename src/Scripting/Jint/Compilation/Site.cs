using Mjolnir.Scripting.Applications;

namespace Mjolnir.Scripting.Jint.Compilation;

/// <summary>A text that was compiled, and where it begins in the author's file.</summary>
/// <param name="Text">the text as it was parsed</param>
/// <param name="File">the author's file</param>
/// <param name="FirstLine">line at which the text begins, from 1</param>
/// <param name="FirstColumn">column at which its first line begins, from 1; less by what was put before the author's text</param>
internal sealed record ScriptSource(string Text, string File, int FirstLine, int FirstColumn)
{
    /// <summary>The place in the author's file of a place in the text (line from 1, column from 0).</summary>
    public SourcePosition Position(int line, int column) => new(
        File,
        FirstLine + Math.Max(line, 1) - 1,
        Math.Max(1, line <= 1 ? FirstColumn + column : column + 1));
}

/// <summary>A place in a program that can fail.</summary>
internal sealed class Site(ScriptSource source, int line, int column)
{
    public SourcePosition Position => source.Position(line, column);
}
