using Mjolnir.Cli.Roles;
using Mjolnir.Running;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.WriteBehind;

namespace Mjolnir.Cli.Tests.Roles;

/// <summary>The logs that an app server of a cluster opens over its runs. A run ends here as by kill -9: nothing of it is tidied up.</summary>
public sealed class Logs_of_a_server : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly FileLogBroker _broker;
    private readonly FolderObjectStore _store;

    public Logs_of_a_server()
    {
        _broker = new FileLogBroker(_folder.At("logs"));
        _store = new FolderObjectStore(_folder.At("store"));
    }

    [Fact]
    public async Task The_log_declared_ahead_by_a_run_that_was_killed_is_used_by_the_next_and_never_told_as_dead()
    {
        using (var first = FormerLogs.Take(_folder.At("app")))
        {
            await OpenAndDeclareAheadAsync(first, "s1.1", "s1.2");
        }

        using var second = FormerLogs.Take(_folder.At("app"));
        Assert.Equal(["s1.1"], second.Dead);
        await OpenAndDeclareAheadAsync(second, "s1.2", "s1.3");
        Assert.Equal(["s1.1"], second.Dead);
    }

    [Fact]
    public async Task A_log_that_was_declared_ahead_and_came_to_be_used_is_dead_with_its_run()
    {
        using (var first = FormerLogs.Take(_folder.At("app")))
        {
            await OpenAndDeclareAheadAsync(first, "s1.1", "s1.2");
            await new ClusterRegistry(_store).RegisterLogAsync("s1.2", CancellationToken.None);
        }

        using var second = FormerLogs.Take(_folder.At("app"));
        await OpenAndDeclareAheadAsync(second, "s1.3", "s1.4");
        Assert.Equal(["s1.1", "s1.2"], second.Dead);
    }

    [Fact]
    public async Task Where_the_queues_are_gone_no_name_of_a_dead_run_is_used_again()
    {
        using (var first = FormerLogs.Take(_folder.At("app")))
        {
            await OpenAndDeclareAheadAsync(first, "s1.1", "s1.2");
        }

        await _broker.DeleteAsync("s1.1", CancellationToken.None);
        await _broker.DeleteAsync("s1.2", CancellationToken.None);
        using var second = FormerLogs.Take(_folder.At("app"));
        await OpenAndDeclareAheadAsync(second, "s1.3", "s1.4");
        Assert.Equal(["s1.1", "s1.2"], second.Dead);
    }

    [Fact]
    public async Task A_log_declared_ahead_whose_queue_is_lost_is_left_unregistered_for_another()
    {
        using var former = FormerLogs.Take(_folder.At("app"));
        var epochs = Epochs(former);
        epochs.Prepare();
        Assert.Equal("s1.1", await epochs.PreparedAsync());
        await _broker.DeleteAsync("s1.1", CancellationToken.None);
        await using var publisher = await epochs.OpenAsync(CancellationToken.None);
        Assert.Equal("s1.2", publisher.Log);
        Assert.Equal(["s1.2"], await new ClusterRegistry(_store).ListLogsAsync(CancellationToken.None));
        Assert.Equal("s1.3", await epochs.PreparedAsync());
    }

    /// <summary>A server that nobody hears for long enough is gone as far as the others can tell, though it may live.</summary>
    [Fact]
    public async Task A_log_declared_ahead_that_was_taken_for_one_left_behind_is_left_for_another()
    {
        using var former = FormerLogs.Take(_folder.At("app"));
        var epochs = Epochs(former);
        epochs.Prepare();
        Assert.Equal("s1.1", await epochs.PreparedAsync());
        await new ClusterRegistry(_store).RegisterLogAsync("s1.1", CancellationToken.None);

        await Assert.ThrowsAsync<LogUnavailableException>(async () => await epochs.OpenAsync(CancellationToken.None));

        await using var publisher = await epochs.OpenAsync(CancellationToken.None);
        Assert.Equal("s1.2", publisher.Log);
    }

    [Fact]
    public async Task A_registration_that_arrives_after_its_run_was_killed_is_as_good_as_the_next_runs_own()
    {
        using (var first = FormerLogs.Take(_folder.At("app")))
        {
            await OpenAndDeclareAheadAsync(first, "s1.1", "s1.2");
        }

        using var second = FormerLogs.Take(_folder.At("app"));
        var epochs = Epochs(second);
        epochs.Prepare();
        await epochs.PreparedAsync();
        await new ClusterRegistry(_store).RegisterLogAsync("s1.2", CancellationToken.None);
        await using var publisher = await epochs.OpenAsync(CancellationToken.None);
        Assert.Equal("s1.2", publisher.Log);
    }

    [Fact]
    public async Task Say_what_their_server_declares_and_one_that_a_dead_run_of_another_version_noted_is_not_used()
    {
        var registry = new ClusterRegistry(_store);
        using (var first = FormerLogs.Take(_folder.At("app")))
        {
            await OpenAndDeclareAheadAsync(first, "s1.1", "s1.2", ["a/t/x(c:t)"]);
        }

        // Killed while its own log was one that it had inherited, which it had not come to register.
        using (var second = FormerLogs.Take(_folder.At("app")))
        {
            var epochs = Epochs(second, ["a/t/x(c:t)"]);
            epochs.Prepare();
            Assert.Equal("s1.2", await epochs.PreparedAsync());
        }

        using var third = FormerLogs.Take(_folder.At("app"));
        await OpenAndDeclareAheadAsync(third, "s1.3", "s1.4", []);
        Assert.Equal(["a/t/x(c:t)"], await registry.DeclaredUniqueAsync("s1.1", CancellationToken.None));
        Assert.Empty(await registry.DeclaredUniqueAsync("s1.3", CancellationToken.None));
        Assert.Equal(["s1.1", "s1.2"], third.Dead);
    }

    [Fact]
    public async Task That_are_inherited_say_that_their_server_declares_nothing_before_anything_else_can_arrive()
    {
        using (var first = FormerLogs.Take(_folder.At("app")))
        {
            await OpenAndDeclareAheadAsync(first, "s1.1", "s1.2", ["a/t/x(c:t)"]);
        }

        using var second = FormerLogs.Take(_folder.At("app"));
        await OpenAndDeclareAheadAsync(second, "s1.2", "s1.3", []);
        Assert.False(await new ClusterRegistry(_store).TryDeclareAsync("s1.2", ["a/t/x(c:t)"], CancellationToken.None));
        Assert.Empty(await new ClusterRegistry(_store).DeclaredUniqueAsync("s1.2", CancellationToken.None));
    }

    public async ValueTask DisposeAsync()
    {
        await _broker.DisposeAsync();
        _folder.Dispose();
    }

    private async Task OpenAndDeclareAheadAsync(FormerLogs former, string opened, string ahead, IReadOnlyList<string>? unique = null)
    {
        var epochs = Epochs(former, unique);
        epochs.Prepare();
        await using var publisher = await epochs.OpenAsync(CancellationToken.None);
        Assert.Equal((opened, ahead), (publisher.Log, await epochs.PreparedAsync()));
    }

    private ClusterLogEpochs Epochs(FormerLogs former, IReadOnlyList<string>? unique = null) =>
        new("s1", _broker, new ClusterRegistry(_store), new LogSealer(_broker, _store, TimeProvider.System, new WriteBehindLimits()), former, new StoredMarks(), unique);
}
