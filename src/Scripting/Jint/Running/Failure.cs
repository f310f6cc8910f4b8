using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Running;

/// <summary>How a run that did not reach its end is told.</summary>
internal static class Failure
{
    /// <summary>Characters of a reason: it is shown to people.</summary>
    private const int MaxReason = 1_000;

    public static RunResult Of(RunAborted e) => new()
    {
        Status = RunStatus.Aborted,
        Reason = Short(e.Message),
        AbortKind = e.Kind,
        Position = e.Position,
    };

    public static RunResult Of(ScriptThrow e) => new()
    {
        Status = RunStatus.Aborted,
        Reason = Short(Describe(e.Value)),
        AbortKind = AbortKind.Error,
        Position = (e.Value.Object as JsError)?.Site?.Position ?? e.Site?.Position,
    };

    /// <summary>
    /// The reason in a thrown value: an Error's message, the kind before it where the language threw it; a text itself; an object's message.
    /// Reads own and inherited data properties only: telling a reason never runs script code.
    /// </summary>
    public static string Describe(JsValue value)
    {
        if (value.Object is not { } o)
        {
            return Operators.ToText(value);
        }

        var message = Data(o, "message");
        var name = Data(o, "name");
        return (name, message) switch
        {
            ("Error" or null, { Length: > 0 }) => message,
            ({ Length: > 0 }, { Length: > 0 }) => $"{name}: {message}",
            ({ Length: > 0 }, _) when o is JsError => name,
            _ => "an object without a message was thrown",
        };
    }

    private static string? Data(JsObject o, string key)
    {
        var steps = 0;
        for (var parent = o; parent is not null && steps < 100; parent = parent.Prototype, steps++)
        {
            if (parent.GetType() != typeof(JsObject) && parent is not JsError)
            {
                return null;
            }

            if (parent.TryGetOwn(key, out var slot))
            {
                return slot.Accessor is null && !slot.Value.IsObject && !slot.Value.IsUndefined ? Operators.ToText(slot.Value) : null;
            }
        }

        return null;
    }

    private static string Short(string reason) => reason.Length <= MaxReason ? reason : reason[..MaxReason] + "…";
}
