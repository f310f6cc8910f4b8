using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint.Compilation;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Realms;

/// <summary>A value thrown by a script, or by the language on its behalf: what <c>catch</c> catches.</summary>
internal sealed class ScriptThrow(JsValue value, Site? site) : Exception
{
    public JsValue Value { get; } = value;

    /// <summary>Where it was thrown first.</summary>
    public Site? Site { get; } = site;
}

/// <summary>The end of a run that no script can catch: a refusal, a broken column type, a limit.</summary>
internal sealed class RunAborted(string reason, AbortKind kind, SourcePosition? position) : Exception(reason)
{
    public AbortKind Kind { get; } = kind;

    public SourcePosition? Position { get; } = position;
}

/// <summary>A row is not in the snapshot, or (default) an index's answer is not: the run ends, it is loaded, the handler runs again.</summary>
internal sealed class RowMissingException(Core.Keys.RowKey key) : Exception
{
    public Core.Keys.RowKey Key { get; } = key;
}

/// <summary>An input or global was not shipped: the run ends, the browser ships it, the handler runs again.</summary>
internal sealed class InputMissingException : Exception;
