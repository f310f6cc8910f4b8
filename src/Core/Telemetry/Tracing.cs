using System.Diagnostics;

namespace Mjolnir.Core.Telemetry;

/// <summary>
/// The spans of all roles. Nobody listens unless <c>Telemetry:Endpoint</c> is set; then every method here is one look at a field, and nothing is allocated.
/// <code>
/// proxy "call" ─► app server "transaction" ─► its parts route, read, run, lock, log
///                                         └─► "publish" of its batch ─► (header of the message) worker "store"
/// </code>
/// </summary>
public static class Tracing
{
    /// <summary>The name under which spans are listened to.</summary>
    public const string SourceName = "Mjolnir";

    /// <summary>W3C's header, of HTTP requests and of messages in the queue.</summary>
    public const string Header = "traceparent";

    private const string PublishName = "publish";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Somebody listens.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>What the spans below this point hang from; null if nothing is to be recorded.</summary>
    public static string? Current => IsOn && Activity.Current is { Recorded: true } span ? span.Id : null;

    /// <summary>What the message being published hangs from; null if it carries no traced transaction. Nothing but <see cref="BeginPublish"/> makes it: a queue's connection may have been opened under any span.</summary>
    public static string? Published => IsOn && Activity.Current is { OperationName: PublishName, Recorded: true } span ? span.Id : null;

    /// <summary>Begins the span of work that came from outside this process.</summary>
    /// <param name="name">what is done</param>
    /// <param name="kind">how it came</param>
    /// <param name="traceParent">what the caller's span is; null or nonsense: it begins a trace</param>
    /// <returns>null if nobody listens; dispose of it when the work is done</returns>
    public static Activity? Begin(string name, ActivityKind kind, string? traceParent)
    {
        if (!IsOn)
        {
            return null;
        }

        // Whatever span flowed here by itself is of other work.
        Activity.Current = null;
        return Source.StartActivity(name, kind, Context(traceParent));
    }

    /// <summary>Adds a part of a span after the fact.</summary>
    /// <param name="whole">what it is a part of; must be recorded</param>
    /// <param name="name">the part</param>
    /// <param name="began">when it began, in UTC</param>
    /// <param name="time">how long it took</param>
    public static void Part(Activity whole, string name, DateTime began, TimeSpan time)
    {
        using var part = Source.StartActivity(name, ActivityKind.Internal, whole.Context, startTime: began);
        part?.SetEndTime(began + time);
    }

    /// <summary>Begins the publishing of a batch: it belongs to the first traced transaction in it, and is linked to all.</summary>
    /// <param name="traceParents">spans of the traced transactions, at least one</param>
    public static Activity? BeginPublish(IReadOnlyList<string> traceParents) =>
        Source.StartActivity(PublishName, ActivityKind.Producer, Context(traceParents[0]), links: traceParents.Select(each => new ActivityLink(Context(each))));

    /// <summary>Begins a span that ends elsewhere: it does not become the current one.</summary>
    public static Activity? BeginApart(string name, ActivityKind kind, string traceParent)
    {
        var current = Activity.Current;
        var span = Begin(name, kind, traceParent);
        Activity.Current = current;
        return span;
    }

    private static ActivityContext Context(string? traceParent) => ActivityContext.TryParse(traceParent, null, isRemote: true, out var context) ? context : default;
}
