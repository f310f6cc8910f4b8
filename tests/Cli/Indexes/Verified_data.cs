using System.Text.Json.Nodes;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Embedded;
using Mjolnir.Cli.Transfer;
using Mjolnir.Cli.Verify;
using Mjolnir.Core.Indexes;
using Mjolnir.Indexer.Verifying;
using Mjolnir.Running;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Unique;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary><c>verify</c> over the data of a stack that was killed.</summary>
public sealed class Verified_data : IDisposable
{
    private const string Declared = """
        {"byCity": {"columns": ["city", "day"], "order": "price", "sum": ["price"]}, "byPrice": {"columns": ["price"], "unique": true}},
        "groups": {"perCity": {"columns": ["city"], "sum": ["price"]}}, "search": {"fields": {"city": 2, "id": 1}, "language": "en"}
        """;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Are_as_the_rows_say_after_a_kill_and_what_is_not_is_told()
    {
        const int Rows = 120;
        await using var application = new IndexedApplication(_folder, stacks: 2);
        await application.StartAsync(Declared);
        for (var i = 0; i < Rows; i += 20)
        {
            await application.ResultAsync("change", "alice", new JsonArray([.. Enumerable.Range(i, 20).Select(n => One($"e{n}", new PlainEvent($"e{n}", $"City {n % 7} of many", n % 3, n, null)))]));
        }

        await application.ResultAsync("change", "alice", new JsonArray(One("e5", null), One("e6", new PlainEvent("e6", "Moved", 1, 1000, null))));
        await application.KillAsync();

        var right = Assert.Single(await VerifyAsync());
        Assert.Equal(("events", Rows - 1L, 0L), (right.Table, right.Rows, right.Differences));
        Assert.True(right.Entries > 4 * Rows, "Not every tree was looked at.");
        Assert.Equal(ExitCodes.Ok, await CommandLine.RunAsync(["verify", _folder.At("app"), "--data", _folder.At("data")]));

        // Somebody writes holders past the transactions that keep them: one is gone, one names another row, one holds what nobody has.
        await application.StartAsync(Declared);
        await WriteAsync(application, 7, null);
        await WriteAsync(application, 8, "e9");
        await WriteAsync(application, 5000, "e1");
        await application.KillAsync();

        var wrong = Assert.Single(await VerifyAsync());
        Assert.Equal(
            ["unique index byPrice: price 7 of row 'e7' is not held by it", "unique index byPrice: price 8 of row 'e8' is not held by it", "unique index byPrice: row 'e1' holds a value that it has not (n5000;)"],
            wrong.First.Order(StringComparer.Ordinal));
        Assert.Equal(3, wrong.Differences);
        Assert.Equal(ExitCodes.Failed, await CommandLine.RunAsync(["verify", _folder.At("app"), "--data", _folder.At("data")]));
        Assert.Equal(ExitCodes.Failed, await CommandLine.RunAsync(["verify", _folder.At("app"), "--data", _folder.At("nowhere")]));
    }

    [Fact]
    public async Task Have_the_holders_of_their_values_while_both_are_written_and_what_is_not_so_is_told()
    {
        const int Rows = 40;
        await using var application = new IndexedApplication(_folder, stacks: 2);
        await application.StartAsync(Declared);
        await application.ResultAsync("change", "alice", new JsonArray([.. Enumerable.Range(0, Rows).Select(n => One($"e{n}", new PlainEvent($"e{n}", "Oslo", 1, n, null)))]));
        var store = FolderObjectStore.OpenToRead(DataFolder.Store(_folder.At("data")));
        var verifier = new RunningUniqueVerifier(application.Application, store, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(() => MoveValuesAsync(application, Rows, stop.Token));
        for (var i = 0; i < 5; i++)
        {
            var right = Assert.Single(await verifier.RunAsync(static (_, _) => { }, CancellationToken.None));
            Assert.Equal(("unique values of events", 0L, ""), (right.Table, right.Differences, string.Join('\n', right.First)));
        }

        await stop.CancelAsync();
        await writing;
        await WriteAsync(application, 5000, "e1");
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            var told = Assert.Single(await verifier.RunAsync(static (_, _) => { }, CancellationToken.None));
            if (told.Differences == 1)
            {
                Assert.Equal("unique index byPrice: row 'e1' holds a value that it has not (n5000;)", told.First[0]);
                Assert.Equal(((long)Rows, (long)Rows), (told.Rows, told.Entries));
                break;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), "What was written is not stored.");
        }

        // Of many that are wrong some are told.
        await WriteAsync(application, 5001, "e1");
        await WriteAsync(application, 5002, "e1");
        var some = new RunningUniqueVerifier(application.Application, store, TimeProvider.System, atOnce: 2);
        for (var began = TimeProvider.System.GetTimestamp(); Assert.Single(await some.RunAsync(static (_, _) => { }, CancellationToken.None)).Differences != 2;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), "What was written is not stored.");
        }
    }

    /// <summary>Two rows exchange their values, over and over: each value is always of one row.</summary>
    private static async Task MoveValuesAsync(IndexedApplication application, int rows, CancellationToken stop)
    {
        var (random, prices) = (new Random(1), Enumerable.Range(0, rows).ToArray());
        while (!stop.IsCancellationRequested)
        {
            var (one, other) = (random.Next(rows), random.Next(rows));
            (prices[one], prices[other]) = (prices[other], prices[one]);
            await application.ResultAsync("change", "alice", new JsonArray([.. new[] { one, other }.Distinct().Select(row => One($"e{row}", null))]));
            await application.ResultAsync("change", "alice", new JsonArray([.. new[] { one, other }.Distinct().Select(row => One($"e{row}", new PlainEvent($"e{row}", "Oslo", 1, prices[row], null)))]));
        }
    }

    private static async Task WriteAsync(IndexedApplication application, int price, string? row)
    {
        // The epoch of the first declaration.
        var key = UniqueValue.HolderOf("events", "events", "byPrice", 1, [IndexValue.Of(price)]);
        var status = await application.Stack.Router.Beside(key).RunBuiltInAsync(
            (source, writes) =>
            {
                writes.Add(new RowWrite(key, row is null ? null : UniqueValue.HeldBy(row)));
                return source.TryRead(key, out _);
            },
            CancellationToken.None);
        Assert.Equal(TransactionStatus.Committed, status);
    }

    private async Task<IReadOnlyList<VerifiedTable>> VerifyAsync()
    {
        var options = new EmbeddedOptions(_folder.At("data"), 1, ScriptEngines.Create, TimeProvider.System, new Random(1)) { IsAudited = false };
        await using var stack = await EmbeddedStack.StartAsync(options, new Progress<WriteBehind.RecoveryProgress>(), CancellationToken.None);
        var loaded = AppFolder.Load(_folder.At("app"), Console.Error)!;
        return await new Verification(loaded, stack, FolderObjectStore.OpenToRead(DataFolder.Store(_folder.At("data"))), TimeProvider.System, new TransferProgress()).RunAsync(CancellationToken.None);
    }

    private static JsonObject One(string id, PlainEvent? row) => new() { ["id"] = id, ["row"] = row?.ToJson() };
}
