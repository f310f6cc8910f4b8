using System.Globalization;
using System.Text;
using Mjolnir.Core;
using Mjolnir.Core.Manifests;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Registry;

/// <summary>What the cluster agrees on: numbered views with their marks, and the logs. Only create-if-absent, so the first one wins for ever.</summary>
public sealed class ClusterRegistry(IObjectStore store)
{
    /// <summary>Creates a view. Its labels are random, so an own view whose answer was lost is recognised.</summary>
    /// <returns>created (by us), or taken by somebody else's view of this number</returns>
    public ValueTask<CreateOutcome> CreateViewAsync(ClusterView view, CancellationToken cancellationToken) =>
        store.CreateSettledAsync(ObjectNames.View(view.Number), ViewCodec.Encode(view), cancellationToken);

    /// <summary>The view with the highest number, active or not; null before the first.</summary>
    public async ValueTask<ClusterView?> LatestViewAsync(CancellationToken cancellationToken)
    {
        var latest = 0L;
        await foreach (var name in store.ListAsync(ObjectNames.Views, null, cancellationToken))
        {
            latest = Math.Max(latest, ObjectNames.NumberOf(name) ?? 0);
        }

        return latest == 0 ? null : await ReadViewAsync(latest, cancellationToken);
    }

    /// <summary>The newest view, active or not, and the newest that is active; null where there is none.</summary>
    public async ValueTask<(ClusterView? Latest, ClusterView? Active)> NewestViewsAsync(CancellationToken cancellationToken)
    {
        var (latest, active) = (0L, 0L);
        await foreach (var name in store.ListAsync(ObjectNames.Views, null, cancellationToken))
        {
            latest = Math.Max(latest, ObjectNames.NumberOf(name) ?? 0);
            active = Math.Max(active, ObjectNames.ActiveNumberOf(name) ?? 0);
        }

        var newest = latest == 0 ? null : await ReadViewAsync(latest, cancellationToken);
        return (newest, active == latest ? newest : active == 0 ? null : await ReadViewAsync(active, cancellationToken));
    }

    /// <summary>A view; null if there is none of this number.</summary>
    public async ValueTask<ClusterView?> ReadViewAsync(long number, CancellationToken cancellationToken)
    {
        var name = ObjectNames.View(number);
        if (await store.GetAsync(name, cancellationToken) is not { } content)
        {
            return null;
        }

        var view = ViewCodec.Decode(name, content.Span);
        return view.Number == number ? view : throw new CorruptDataException($"The view says that its number is {view.Number}", name);
    }

    /// <summary>Claims the opening of a view: true for one owner only, always the same (V8).</summary>
    /// <param name="number">the view</param>
    /// <param name="owner">random id of the process's run</param>
    /// <param name="cancellationToken">ends the wait for the store</param>
    public async ValueTask<bool> ClaimOpeningAsync(long number, string owner, CancellationToken cancellationToken) =>
        await store.CreateSettledAsync(ObjectNames.ViewOpening(number), Encoding.UTF8.GetBytes(owner + "\n"), cancellationToken) == CreateOutcome.Created;

    /// <summary>Marks a view active: its shards are flushed and bear its labels.</summary>
    public async ValueTask MarkActiveAsync(long number, CancellationToken cancellationToken) =>
        await store.CreateSettledAsync(ObjectNames.ViewActive(number), "active\n"u8.ToArray(), cancellationToken);

    /// <summary>True once the view is active.</summary>
    public async ValueTask<bool> IsActiveAsync(long number, CancellationToken cancellationToken) =>
        await store.GetAsync(ObjectNames.ViewActive(number), cancellationToken) is not null;

    /// <summary>Registers a log, after it was declared and bound and before anything is published in it (V11).</summary>
    /// <exception cref="InvariantException">a log of this name was registered before</exception>
    public async ValueTask RegisterLogAsync(string log, CancellationToken cancellationToken) =>
        Invariant.Require(await TryRegisterLogAsync(log, cancellationToken), $"The log {log} is registered already: a log is never used twice.");

    /// <summary>The same, where somebody else may have done it: a dead run that had declared the log, or who took the log for one that a dead run had left behind.</summary>
    /// <returns>false if a log of this name was registered before</returns>
    public async ValueTask<bool> TryRegisterLogAsync(string log, CancellationToken cancellationToken)
    {
        // Declaring the log has already kept out every other server, so the registration found after a lost answer is ours or says the same.
        var name = ObjectNames.Log(log);
        var content = LogRegistrationCodec.Encode(log);
        var outcome = await store.CreateAsync(name, content, cancellationToken);
        if (outcome == CreateOutcome.Unknown)
        {
            outcome = await store.CreateSettledAsync(name, content, cancellationToken);
        }

        return outcome == CreateOutcome.Created;
    }

    /// <summary>
    /// Notes what the server that writes a log declares, for as long as the log lives: before the log is registered, so that whoever finds it registered finds this too.
    /// </summary>
    /// <param name="log">the log</param>
    /// <param name="unique">the unique indexes (<c>app/table/identity</c>)</param>
    /// <param name="cancellationToken">ends the wait for the store</param>
    /// <returns>false if another run noted something else for this log: it cannot be used</returns>
    public async ValueTask<bool> TryDeclareAsync(string log, IReadOnlyList<string> unique, CancellationToken cancellationToken) =>
        await store.CreateSettledAsync(ObjectNames.LogDeclarations(log), LogDeclarationsCodec.Encode(new LogDeclarations(log, unique)), cancellationToken) == CreateOutcome.Created;

    /// <summary>The unique indexes that the server of a log declares; none if it noted nothing.</summary>
    /// <exception cref="CorruptDataException">damaged, or of a later release</exception>
    public async ValueTask<IReadOnlyList<string>> DeclaredUniqueAsync(string log, CancellationToken cancellationToken)
    {
        var name = ObjectNames.LogDeclarations(log);
        if (await store.GetAsync(name, cancellationToken) is not { } content)
        {
            return [];
        }

        var declared = LogDeclarationsCodec.Decode(name, content.Span);
        return declared.Log == log ? declared.Unique : throw new CorruptDataException($"It says that it is of the log {declared.Log}", name);
    }

    /// <summary>Returns if a log was registered in a form that this program knows, or is not registered yet.</summary>
    /// <exception cref="CorruptDataException">a later release registered it, or the registration is damaged</exception>
    public async ValueTask RequireKnownFormatAsync(string log, CancellationToken cancellationToken)
    {
        var name = ObjectNames.Log(log);
        if (await store.GetAsync(name, cancellationToken) is { } content)
        {
            LogRegistrationCodec.Require(name, log, content.Span);
        }
    }

    /// <summary>All logs ever registered, in ordinal order.</summary>
    public async ValueTask<IReadOnlyList<string>> ListLogsAsync(CancellationToken cancellationToken)
    {
        var logs = new List<string>();
        await foreach (var name in store.ListAsync(ObjectNames.Logs, null, cancellationToken))
        {
            logs.Add(ObjectNames.LogOf(name));
        }

        return logs;
    }

    /// <summary>The epoch for a server's next log: higher than every one it ever registered.</summary>
    public async ValueTask<long> NextEpochAsync(string server, CancellationToken cancellationToken)
    {
        var highest = 0L;
        await foreach (var name in store.ListAsync($"{ObjectNames.Logs}{server}.", null, cancellationToken))
        {
            highest = Math.Max(highest, EpochOf(ObjectNames.LogOf(name)));
        }

        return highest + 1;
    }

    /// <summary>The epoch in a log's name; 0 if it has none.</summary>
    public static long EpochOf(string log) =>
        long.TryParse(log.AsSpan(log.LastIndexOf('.') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) ? epoch : 0;
}
