using System.Text.Json.Nodes;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Embedded;
using Mjolnir.Running;
using Xunit.Abstractions;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>No two rows have one value of a unique index, whoever writes them, and a value that nobody has can be taken.</summary>
public sealed class Unique_values(ITestOutputHelper output) : IDisposable
{
    private const string Declared = """{"bySeat": {"columns": ["city", "-day"], "unique": true}, "byPrice": {"columns": ["price"], "unique": true}}""";
    private const string Undeclared = """{"byPrice": ["price"]}""";

    private static readonly string?[] Cities = [null, "", "Oslo", "O", "Rom", new string('x', 300), new string('x', 300) + "y"];

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    public async Task Are_taken_and_freed_as_a_plain_look_at_all_rows_says(int seed, int stacks)
    {
        var random = new Random(seed);
        var rows = new Dictionary<string, PlainEvent>(StringComparer.Ordinal);
        var (taken, refused) = (0, 0);
        await using var application = new IndexedApplication(_folder, stacks);
        for (var start = 1; start <= 3; start++)
        {
            await application.StartAsync(Declared);
            Assert.Empty(application.Duplicates);
            for (var step = 0; step < 60; step++)
            {
                var isAssigned = random.Next(3) == 0 && rows.Count > 0;
                var changes = Enumerable.Range(0, random.Next(1, 4)).Select(_ => isAssigned ? Event(random, rows.Keys.ElementAt(random.Next(rows.Count))) : Event(random, $"e{random.Next(12)}"))
                    .Select(row => (row.Id, Row: !isAssigned && random.Next(4) == 0 ? null : row)).ToList();
                var next = Changed(rows, changes, isAssigned);
                var answer = await application.CallAsync(isAssigned ? "assign" : "change", "alice", new JsonArray([.. changes.Select(change => One(change.Id, change.Row))]));

                Assert.True((answer.Status == TransactionStatus.Committed) == next is not null, $"{answer.Status} {answer.Reason}: {string.Join(' ', changes)} over {string.Join(' ', rows.Values)}");
                Assert.True(next is not null || answer.Reason!.Contains("table 'events' already has a row with", StringComparison.Ordinal), answer.Reason);
                (rows, taken, refused) = (next ?? rows, taken + (next is null ? 0 : 1), refused + (next is null ? 1 : 0));
            }

            await (random.Next(2) == 0 ? application.StopAsync() : application.KillAsync());
        }

        output.WriteLine($"{taken} taken, {refused} refused");
        Assert.True(taken > 20 && refused > 20, "The test draws too many of one kind.");
    }

    [Fact]
    public async Task Are_given_once_to_transactions_that_want_them_at_one_time()
    {
        const int Writers = 6;
        const int Prices = 5;
        await using var application = new IndexedApplication(_folder, stacks: 3);
        await application.StartAsync(Declared);
        for (var round = 0; round < 8; round++)
        {
            var row = (int writer, int price) => new PlainEvent($"r{round}w{writer}p{price}", null, null, price, null);
            var answers = await Task.WhenAll(Enumerable.Range(0, Writers).SelectMany(writer => Enumerable.Range(0, Prices).Select(async price =>
                (price, row(writer, price).Id, (await application.CallAsync("change", $"u{writer}", new JsonArray(One(row(writer, price).Id, row(writer, price))))).Status))));

            var winners = answers.Where(answer => answer.Status == TransactionStatus.Committed).ToList();
            Assert.Equal(Enumerable.Range(0, Prices), winners.Select(winner => winner.price).Order());
            Assert.All(answers.Except(winners), loser => Assert.Equal(TransactionStatus.Aborted, loser.Status));
            await application.ResultAsync("change", "alice", new JsonArray([.. winners.Select(winner => One(winner.Id, null))]));
        }
    }

    [Fact]
    public async Task That_two_rows_have_when_they_are_declared_are_told_and_go_on_from_there()
    {
        await using var application = new IndexedApplication(_folder, stacks: 2);
        await application.StartAsync(Undeclared);
        var rows = Enumerable.Range(0, 150).Select(i => new PlainEvent($"e{i}", $"c{i}", 1, i < 3 ? 7 : i + 100, null)).ToList();
        await application.ResultAsync("change", "alice", new JsonArray([.. rows.Select(row => One(row.Id, row))]));
        Assert.Empty(application.Duplicates);

        await application.DeclareAsync(Declared);
        Assert.Equal(2, application.Duplicates.Count);
        Assert.All(application.Duplicates, each => Assert.Equal(("events", "byPrice", "price 7"), (each.Table, each.Index, each.Values)));
        var holder = Assert.Single(application.Duplicates.Select(each => each.Holder).Distinct());
        var others = new[] { "e0", "e1", "e2" }.Where(id => id != holder).ToList();
        Assert.Equal(others, application.Duplicates.Select(each => each.Key).Order(StringComparer.Ordinal));

        // The others may go; the value stays held. Then its holder goes, and it is free.
        await application.ResultAsync("change", "alice", new JsonArray(One(others[0], null), One(others[1], null)));
        Assert.Equal(TransactionStatus.Aborted, (await application.CallAsync("change", "alice", new JsonArray(One("new", new PlainEvent("new", null, null, 7, null))))).Status);
        await application.ResultAsync("change", "alice", new JsonArray(One(holder, null)));
        await application.ResultAsync("change", "alice", new JsonArray(One("new", new PlainEvent("new", null, null, 7, null))));

        // Not declared for a while: what was held then means nothing.
        await application.DeclareAsync(Undeclared);
        await application.ResultAsync("change", "alice", new JsonArray(One("new", null), One("twice", new PlainEvent("twice", null, null, 120, null))));
        await application.DeclareAsync(Declared);
        Assert.Equal(["price 120"], application.Duplicates.Select(each => each.Values));
        await application.ResultAsync("change", "alice", new JsonArray(One("free", new PlainEvent("free", null, null, 7, null))));

        // Repaired, and started again: nothing is left to tell.
        await application.ResultAsync("change", "alice", new JsonArray(One("twice", null)));
        await application.KillAsync();
        await application.StartAsync(Declared);
        Assert.Empty(application.Duplicates);
        Assert.Equal(TransactionStatus.Aborted, (await application.CallAsync("change", "alice", new JsonArray(One("x", new PlainEvent("x", null, null, 120, null))))).Status);
    }

    [Fact]
    public async Task That_are_taken_are_an_error_that_a_handler_may_catch()
    {
        await using var application = new IndexedApplication(_folder, stacks: 1);
        await application.StartAsync(Declared);
        await application.ResultAsync("change", "alice", new JsonArray(One("a", new PlainEvent("a", "Oslo", 3, 1, null)), One("b", new PlainEvent("b", "Rom", 3, 2, null))));

        var inserted = await application.ResultAsync("tryInsert", "alice", new PlainEvent("c", "Oslo", 3, 9, null).ToJson());
        var updated = await application.ResultAsync("tryUpdate", "alice", "b", new JsonObject { ["price"] = 1, ["city"] = "Wien" });
        var there = await application.ResultAsync("there", "alice", new JsonArray("a", "b", "c"));

        Assert.Equal("table 'events' already has a row with city 'Oslo', day 3 (unique index 'bySeat')", inserted.GetString());
        Assert.Equal("table 'events' already has a row with price 1 (unique index 'byPrice')", updated[0].GetString());
        Assert.Equal(("Rom", 2), (updated[1].GetProperty("city").GetString(), updated[1].GetProperty("price").GetInt32()));
        Assert.Equal(2, there.GetArrayLength());
    }

    [Fact]
    public async Task Are_held_by_rows_of_a_seed_file_too()
    {
        await using var application = new IndexedApplication(_folder, stacks: 2);
        await application.StartAsync(Declared);
        await application.ResultAsync("change", "alice", new JsonArray(One("a", new PlainEvent("a", null, null, 1, null))));
        foreach (var (price, isTaken) in new[] { (1, true), (2, false) })
        {
            _folder.Write("app/events.json", $$"""[{"id": "seed{{price}}", "price": {{price}}}]""");
            await application.DeclareAsync(Declared + """, "seed": "events.json" """);
            var seeding = new Seeder(application.Stack.Router, TimeProvider.System).RunAsync(application.Application, new Progress<Seeder.Step>(), CancellationToken.None);

            Assert.Equal(isTaken ? "the seed rows could not be written: table 'events' already has a row with price 1 (unique index 'byPrice')" : null, (await Record.ExceptionAsync(() => seeding))?.Message);
        }

        Assert.Equal(TransactionStatus.Aborted, (await application.CallAsync("change", "alice", new JsonArray(One("x", new PlainEvent("x", null, null, 2, null))))).Status);
    }

    private static PlainEvent Event(Random random, string id) =>
        new(id, Cities[random.Next(Cities.Length)], random.Next(4) == 0 ? null : random.Next(3), random.Next(4) == 0 ? null : random.Next(20), null);

    /// <summary>The rows after a transaction; null if it must be refused: change by change, or as they all are in the end.</summary>
    private static Dictionary<string, PlainEvent>? Changed(Dictionary<string, PlainEvent> rows, List<(string Id, PlainEvent? Row)> changes, bool isAssigned)
    {
        var next = new Dictionary<string, PlainEvent>(rows, StringComparer.Ordinal);
        foreach (var (id, row) in changes)
        {
            next.Remove(id);
            if (row is not null)
            {
                next[id] = row;
            }

            if (!isAssigned && !IsUnique(next))
            {
                return null;
            }
        }

        return IsUnique(next) ? next : null;
    }

    private static bool IsUnique(Dictionary<string, PlainEvent> rows)
    {
        var seats = rows.Values.Where(row => row.City is not null && row.Day is not null).Select(row => (row.City, row.Day)).ToList();
        var prices = rows.Values.Where(row => row.Price is not null).Select(row => row.Price).ToList();
        return seats.Distinct().Count() == seats.Count && prices.Distinct().Count() == prices.Count;
    }

    private static JsonObject One(string id, PlainEvent? row) => new() { ["id"] = id, ["row"] = row?.ToJson() };
}
