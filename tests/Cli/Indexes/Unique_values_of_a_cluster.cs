using System.Text.Json.Nodes;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Tests.Auditing;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Keys;
using Mjolnir.Running;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Unique;
using Mjolnir.Storage.Rows;
using Xunit.Abstractions;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>No two rows take one value of a unique index as long as a server declares it, whatever versions the others serve, and whatever order they start and end in.</summary>
public sealed class Unique_values_of_a_cluster(ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>The lists are the same, so that one indexer answers for both versions.</summary>
    private const string Declared = """{"byPrice": {"columns": ["price"], "unique": true}}""";
    private const string Undeclared = """{"byPrice": {"columns": ["price"]}}""";

    /// <summary>Of a busy machine for one step.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly TestFolder _folder = new();
    private readonly ProcesslessCluster _cluster = new();
    private Application _declares = null!;
    private Application _knowsNothing = null!;

    public async Task InitializeAsync()
    {
        _declares = Load(Declared);
        _knowsNothing = Load(Undeclared);
        await _cluster.KeepIndexesAsync(_declares);
    }

    public async Task DisposeAsync()
    {
        output.WriteLine(string.Join('\n', _cluster.Told));
        await _cluster.DisposeAsync();
        _folder.Dispose();
        Assert.Empty(_cluster.Violations);
        Assert.DoesNotContain(_cluster.Told, static told => told.Contains("FAILED", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Are_kept_from_when_every_server_declares_them_and_rows_that_have_one_already_are_told()
    {
        await StartAsync(_knowsNothing, _knowsNothing);
        await CommittedAsync("s1", ("a", 1), ("b", 2), ("c", 3));
        await CommittedAsync("s2", ("d", 3), ("e", null));

        // One server of the new version: it takes no values, for the other one knows nothing of holders; all else goes on.
        await RestartAsync("s1", _declares);
        await UntilAsync(() => _cluster.UniqueOf("s1", "events").Indexes.Length == 1, "it is announced");
        var refused = await CallAsync("s1", ("f", 4));
        Assert.Equal((TransactionStatus.Unavailable, 1), (refused.Status, refused.RetryAfterSeconds));
        Assert.Equal("the unique index 'byPrice' of table 'events' is made when every server knows of it: try again soon", refused.Reason);
        await CommittedAsync("s1", ("f", null));
        await CommittedAsync("s2", ("g", 7), ("h", 3));
        Assert.Equal(UniquePhase.Announced, _cluster.UniqueOf("s1", "events").Indexes[0].Phase);

        await RestartAsync("s2", _declares);
        await ReadyAsync("s1", "s2");
        var kept = _cluster.UniqueOf("s2", "events").Indexes[0];
        Assert.Equal(2, kept.Duplicates);
        Assert.All(kept.Told, static told => Assert.StartsWith("table 'events' has two rows with price 3: '", told, StringComparison.Ordinal));
        foreach (var taken in (int[])[1, 2, 3, 7])
        {
            var answer = await CallAsync(taken % 2 == 0 ? "s1" : "s2", ("x", taken));
            Assert.Equal((TransactionStatus.Aborted, $"table 'events' already has a row with price {taken} (unique index 'byPrice')"), (answer.Status, answer.Reason));
        }

        await GivesEachOnceAsync();
    }

    [Fact]
    public async Task Are_kept_by_servers_that_do_not_declare_them_until_the_last_one_that_does_has_ended()
    {
        await StartAsync(_declares, _declares);
        await ReadyAsync("s1", "s2");
        await CommittedAsync("s1", ("a", 1), ("b", 2));

        // What the version without it writes, sees and frees holders all the same.
        await RestartAsync("s1", _knowsNothing);
        Assert.Equal(TransactionStatus.Aborted, (await CallAsync("s1", ("c", 1))).Status);
        await CommittedAsync("s1", ("a", 5), ("d", 6));
        Assert.Equal(TransactionStatus.Aborted, (await CallAsync("s2", ("e", 6))).Status);
        await CommittedAsync("s2", ("e", 1));
        var epoch = _cluster.UniqueOf("s2", "events").Indexes[0].Epoch;
        Assert.NotEmpty(await HoldersAsync(epoch));

        // Nobody declares it any more: what is left of it is in nobody's way, and goes.
        await RestartAsync("s2", _knowsNothing);
        await UntilAsync(() => _cluster.UniqueOf("s1", "events") is { IsEmpty: true, Turn: > 0 } && _cluster.UniqueOf("s2", "events") is { IsEmpty: true, Turn: > 0 }, "it is removed and swept");
        await CommittedAsync("s1", ("f", 1), ("g", 2));
        await UntilAsync(async () => (await HoldersAsync(epoch)).Count == 0, "the holders are gone");

        // Again: another epoch, whose holders follow from the rows as they are now.
        await RestartAsync("s1", _declares);
        await RestartAsync("s2", _declares);
        await ReadyAsync("s1", "s2");
        Assert.Equal(2, _cluster.UniqueOf("s1", "events").Indexes[0].Duplicates);
        Assert.Equal(TransactionStatus.Aborted, (await CallAsync("s1", ("h", 5))).Status);
        await GivesEachOnceAsync();
    }

    [Fact]
    public async Task Of_a_table_that_is_not_in_the_application_any_more_leave_no_holders()
    {
        var before = Load(Declared, """{"places": {"key": "id", "columns": {"id": "string", "name": "string"}, "indexes": {"byName": {"columns": ["name"], "unique": true}}}}""");
        await _cluster.KeepIndexesAsync(before);
        await StartAsync(before, before);
        await ReadyAsync("s1", "s2");
        await UntilAsync(() => _cluster.UniqueOf("s1", "places").Indexes is [{ Phase: UniquePhase.Ready }], "it is ready");
        var held = UniqueValue.HolderOf("events", "places", "byName", _cluster.UniqueOf("s1", "places").Indexes[0].Epoch, [IndexValue.Of("Oslo")]);
        Assert.Equal(TransactionStatus.Committed, await _cluster.Server("s1").RunBuiltInAsync(
            (source, writes) =>
            {
                writes.Add(new RowWrite(held, UniqueValue.HeldBy("p1")));
                return source.TryRead(held, out _);
            },
            CancellationToken.None));

        await RestartAsync("s1", _declares);
        await RestartAsync("s2", _declares);
        await UntilAsync(() => _cluster.UniqueOf("s1", "places") is { IsEmpty: true, Turn: > 0 } || _cluster.UniqueOf("s2", "places") is { IsEmpty: true, Turn: > 0 }, "it is removed and swept");
        Assert.Null(await _cluster.Server("s2").ReadAsync(held, CancellationToken.None));
        Assert.Equal(UniquePhase.Ready, _cluster.UniqueOf("s2", "events").Indexes[0].Phase);
    }

    [Fact]
    public async Task Are_never_given_twice_while_servers_of_two_versions_come_and_go_under_load()
    {
        await StartAsync(_declares, _declares);
        await ReadyAsync("s1", "s2");
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(writer => Task.Run(() => WriteAsync(writer, stop.Token))).ToArray();
        var random = new Random(11);
        var versions = new Dictionary<string, Application>(StringComparer.Ordinal) { ["s1"] = _declares, ["s2"] = _declares };
        for (var step = 0; step < 6; step++)
        {
            // One that declares it lives all the time.
            var name = versions["s1"] == _knowsNothing ? "s1" : versions["s2"] == _knowsNothing ? "s2" : $"s{random.Next(2) + 1}";
            versions[name] = versions[name] == _knowsNothing || random.Next(3) == 0 ? _declares : _knowsNothing;
            await RestartAsync(name, versions[name]);
            await Task.Delay(TimeSpan.FromSeconds(1));
        }

        await stop.CancelAsync();
        var (taken, refused) = (0, 0);
        foreach (var counts in await Task.WhenAll(writers))
        {
            (taken, refused) = (taken + counts.Taken, refused + counts.Refused);
        }

        output.WriteLine($"{taken} taken, {refused} refused");
        Assert.True(taken > 50 && refused > 50, $"{taken} taken, {refused} refused: the load is too small to tell anything.");
        var prices = new List<int>();
        for (var i = 0; i < 40; i++)
        {
            if (await _cluster.Server("s1").ReadAsync(Key($"w{i}"), CancellationToken.None) is { } row && JsonNode.Parse(row.ToString())!["price"] is { } price)
            {
                prices.Add(price.GetValue<int>());
            }
        }

        Assert.Equal(prices.Distinct().Count(), prices.Count);
        Assert.NotEmpty(prices);
        Assert.Equal(1, _cluster.UniqueOf("s1", "events").Indexes[0].Epoch);
    }

    /// <summary>Changes prices of few rows among few prices, at whichever server is there.</summary>
    private async Task<(int Taken, int Refused)> WriteAsync(int writer, CancellationToken stop)
    {
        var random = new Random(writer);
        var (taken, refused) = (0, 0);
        while (!stop.IsCancellationRequested)
        {
            var servers = _cluster.Members.ToList();
            if (servers.Count == 0)
            {
                continue;
            }

            TransactionAnswer answer;
            try
            {
                answer = await CallAsync(servers[random.Next(servers.Count)], ($"w{random.Next(40)}", random.Next(6) == 0 ? null : random.Next(25)));
            }
            catch (KeyNotFoundException)
            {
                continue; // it has just ended
            }

            taken += answer.Status == TransactionStatus.Committed ? 1 : 0;
            refused += answer.Status == TransactionStatus.Aborted ? 1 : 0;
            if (answer.Status == TransactionStatus.Aborted)
            {
                Assert.Contains("already has a row with price", answer.Reason, StringComparison.Ordinal);
            }
        }

        return (taken, refused);
    }

    /// <summary>Of transactions at both servers that want one value, one gets it.</summary>
    private async Task GivesEachOnceAsync()
    {
        for (var price = 100; price < 110; price++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => DecidedAsync($"s{(writer % 2) + 1}", ($"p{price}w{writer}", price))));
            Assert.Single(answers, static answer => answer.Status == TransactionStatus.Committed);
        }
    }

    private async Task StartAsync(Application first, Application second)
    {
        await Task.WhenAll(_cluster.JoinAsync("s1", first), _cluster.JoinAsync("s2", second));
        await _cluster.OpenAsync(static view => view.Shards.Count == 2, Patience);
    }

    private async Task RestartAsync(string name, Application application)
    {
        await _cluster.EndAsync(name);
        await _cluster.JoinAsync(name, application).WaitAsync(Patience);
    }

    private Task ReadyAsync(params string[] servers) =>
        UntilAsync(() => servers.All(server => _cluster.UniqueOf(server, "events").Indexes is [{ Phase: UniquePhase.Ready }]), "it is ready");

    private async Task CommittedAsync(string server, params (string Id, int? Price)[] rows)
    {
        var answer = await DecidedAsync(server, rows);
        Assert.True(answer.Status == TransactionStatus.Committed, $"{answer.Status}: {answer.Reason}");
    }

    /// <summary>Calls until the server takes calls, for slots may be on their way to it.</summary>
    private async Task<TransactionAnswer> DecidedAsync(string server, params (string Id, int? Price)[] rows)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; await Task.Delay(20))
        {
            var answer = await CallAsync(server, rows);
            if (answer.Status is TransactionStatus.Committed or TransactionStatus.Aborted || TimeProvider.System.GetElapsedTime(began) > Patience)
            {
                return answer;
            }
        }
    }

    private async Task<TransactionAnswer> CallAsync(string server, params (string Id, int? Price)[] rows) =>
        await _cluster.CallAsync(server, "change", [new JsonArray([.. rows.Select(static row => new JsonObject { ["id"] = row.Id, ["row"] = new PlainEvent(row.Id, null, null, row.Price, null).ToJson() })])]);

    private async Task<List<string>> HoldersAsync(int epoch)
    {
        var prefix = UniqueValue.HolderOf("events", "events", "byPrice", epoch, []).Text;
        var holders = new List<string>();
        await foreach (var row in (await StoredRows.OpenAsync(_cluster.Store, CancellationToken.None)).StreamAsync(key => key.Text.StartsWith(prefix, StringComparison.Ordinal), CancellationToken.None))
        {
            if (row.Version.State == RowState.Present)
            {
                holders.Add(row.Key.Text);
            }
        }

        return holders;
    }

    private static RowKey Key(string id) => RowKey.TryCreate("events", "events", id, out var key) ? key : throw new ArgumentException(id);

    private static async Task UntilAsync(Func<bool> condition, string what) => await UntilAsync(() => Task.FromResult(condition()), what);

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !await condition(); await Task.Delay(50))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"Waited in vain until {what}.");
        }
    }

    /// <summary>A version of the application; with other tables besides (JSON of <c>tables</c>).</summary>
    private Application Load(string indexes, string? others = null) => AppFolder.Load(IndexedApplication.Write(_folder, indexes, others), Console.Error) ?? throw new InvalidOperationException("The application has mistakes.");
}
