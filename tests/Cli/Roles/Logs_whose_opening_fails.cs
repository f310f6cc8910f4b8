using Mjolnir.Chaos.Logs;
using Mjolnir.Chaos.Objects;
using Mjolnir.Cli.Roles;
using Mjolnir.Running;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.WriteBehind;

namespace Mjolnir.Cli.Tests.Roles;

/// <summary>What becomes of the queues of logs that a server declared and then could not use: none is left behind, and none is deleted whose registration may still arrive, for that would count as a lost queue.</summary>
public sealed class Logs_whose_opening_fails : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly FileLogBroker _files;
    private readonly ChaosLogBroker _broker;
    private readonly ChaosObjectStore _store;

    public Logs_whose_opening_fails()
    {
        _files = new FileLogBroker(_folder.At("logs"));
        _broker = new ChaosLogBroker(_files);
        _store = new ChaosObjectStore(new FolderObjectStore(_folder.At("store")));
    }

    [Fact]
    public async Task Are_used_by_the_next_try_if_only_their_registration_failed()
    {
        using var former = FormerLogs.Take(_folder.At("app"));
        var epochs = Epochs(former);
        epochs.Prepare();
        using (var outage = _store.HoldEach(static operation => operation.Name == ObjectNames.Log("s1.1")))
        {
            outage.ReleaseByThrowing(new StoreUnavailableException("down"));
            for (var tries = 0; tries < 3; tries++)
            {
                await Assert.ThrowsAsync<StoreUnavailableException>(async () => await epochs.OpenAsync(CancellationToken.None));
            }
        }

        await using var publisher = await epochs.OpenAsync(CancellationToken.None);
        Assert.Equal(("s1.1", "s1.2"), (publisher.Log, await epochs.PreparedAsync()));
        Assert.Equal(["s1.1", "s1.2"], await QueuesAsync());
    }

    [Fact]
    public async Task Are_used_by_the_next_try_if_their_registration_arrived_without_an_answer()
    {
        using var former = FormerLogs.Take(_folder.At("app"));
        var epochs = Epochs(former);
        epochs.Prepare();
        using (var unanswered = _store.HoldEach(static operation => operation.Name == ObjectNames.Log("s1.1")))
        {
            unanswered.ReleaseAsUnknown(applied: true);
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await epochs.OpenAsync(CancellationToken.None));
        }

        await using var publisher = await epochs.OpenAsync(CancellationToken.None);
        Assert.Equal("s1.1", publisher.Log);
    }

    [Fact]
    public async Task Are_used_by_the_next_try_if_their_sending_end_did_not_open()
    {
        using var former = FormerLogs.Take(_folder.At("app"));
        var epochs = Epochs(former);
        epochs.Prepare();
        _broker.HoldNext(static operation => operation.Verb == LogVerb.OpenPublisher).ReleaseByThrowing(new LogUnavailableException("down"));
        await Assert.ThrowsAsync<LogUnavailableException>(async () => await epochs.OpenAsync(CancellationToken.None));

        await using var publisher = await epochs.OpenAsync(CancellationToken.None);
        Assert.Equal("s1.1", publisher.Log);
    }

    [Fact]
    public async Task Keep_their_queue_at_the_stop_while_their_registration_may_arrive_and_are_the_next_runs()
    {
        using (var first = FormerLogs.Take(_folder.At("app")))
        {
            var epochs = Epochs(first);
            epochs.Prepare();
            using var late = _store.HoldEach(static operation => operation.Name == ObjectNames.Log("s1.1"));
            late.ReleaseAsUnknown(applyLater: true);
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await epochs.OpenAsync(CancellationToken.None));
            await epochs.DisposeAsync();
            Assert.Equal(["s1.1"], await QueuesAsync());
        }

        using var second = FormerLogs.Take(_folder.At("app"));
        Assert.Empty(second.Dead);
        var next = Epochs(second);
        next.Prepare();
        await using var publisher = await next.OpenAsync(CancellationToken.None);
        Assert.Equal("s1.1", publisher.Log);
    }

    [Fact]
    public async Task Are_deleted_with_the_next_declaration_if_it_is_not_known_whether_they_were_made()
    {
        using var former = FormerLogs.Take(_folder.At("app"));
        var epochs = Epochs(former);
        await LoseTheAnswerOfADeclarationAsync(epochs);
        Assert.Equal(["s1.1"], await QueuesAsync());

        await using var publisher = await epochs.OpenAsync(CancellationToken.None);
        Assert.Equal(("s1.2", "s1.3"), (publisher.Log, await epochs.PreparedAsync()));
        Assert.Equal(["s1.2", "s1.3"], await QueuesAsync());
        Assert.Equal(["s1.2", "s1.3"], former.All);
    }

    [Fact]
    public async Task Are_deleted_at_the_stop_if_it_is_not_known_whether_they_were_made()
    {
        using var former = FormerLogs.Take(_folder.At("app"));
        var epochs = Epochs(former);
        await LoseTheAnswerOfADeclarationAsync(epochs);

        await epochs.DisposeAsync();
        Assert.Empty(await QueuesAsync());
        Assert.Empty(former.All);
    }

    public async ValueTask DisposeAsync()
    {
        await _files.DisposeAsync();
        _folder.Dispose();
    }

    private async Task LoseTheAnswerOfADeclarationAsync(ClusterLogEpochs epochs)
    {
        _broker.HoldNextAnswer(static operation => operation.Verb == LogVerb.Declare).ReleaseByThrowing(new LogUnavailableException("no answer"));
        epochs.Prepare();
        Assert.Null(await epochs.PreparedAsync());
    }

    private async Task<IEnumerable<string>> QueuesAsync() => (await _files.ListAsync([], CancellationToken.None)).Order(StringComparer.Ordinal);

    private ClusterLogEpochs Epochs(FormerLogs former) =>
        new("s1", _broker, new ClusterRegistry(_store), new LogSealer(_broker, _store, TimeProvider.System, new WriteBehindLimits()), former, new StoredMarks());
}
