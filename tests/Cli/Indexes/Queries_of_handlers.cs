using System.Buffers.Text;
using System.Text.Json.Nodes;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Running;
using Xunit.Abstractions;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>Handlers ask real indexes of a real embedded stack; what they get is compared with a plain look at all rows.</summary>
public sealed class Queries_of_handlers(ITestOutputHelper output) : IDisposable
{
    private const int Ids = 60;
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    [InlineData(4, 3)]
    public async Task Give_what_a_plain_evaluation_gives_through_changes_kills_and_other_declarations(int seed, int stacks)
    {
        var random = new Random(seed);
        var draw = new EventDraw(random);
        var rows = new Dictionary<string, PlainEvent>(StringComparer.Ordinal);
        await using var application = new IndexedApplication(_folder, stacks);
        for (var start = 1; start <= 3; start++)
        {
            await application.StartAsync(draw.Declarations());
            for (var step = 0; step < 25; step++)
            {
                if (step == 12)
                {
                    await application.DeclareAsync(draw.Declarations());
                }

                await StepAsync(application, draw, random, rows);
            }

            output.WriteLine($"start {start}: {rows.Count} rows, {string.Join("; ", application.Stack.Indexer.Progress)}");
            await (random.Next(3) == 0 ? application.StopAsync() : application.KillAsync());
        }

        // Nobody has asked anything when the process came up; what it has is what was stored and logged.
        await application.StartAsync(draw.Declarations());
        for (var i = 0; i < 10; i++)
        {
            await CompareAsync(application, "somebody", draw, rows.Values);
        }
    }

    [Fact]
    public async Task See_what_others_wrote_in_parallel_when_they_ask_for_a_fresh_answer()
    {
        const int Writers = 4;
        await using var application = new IndexedApplication(_folder, stacks: 2);
        await application.StartAsync("""{"byPrice": ["price"]}""");
        for (var round = 1; round <= 5; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => application.ResultAsync("change", $"writer{writer}", Change(new PlainEvent($"w{writer}.{round}", "Oslo", 1, round, null)))));

            var (ids, _) = await application.AskAsync("reader", new JsonObject { ["where"] = new JsonObject { ["price"] = round }, ["fresh"] = true });
            var count = await application.ResultAsync("count", "reader", new JsonObject { ["where"] = new JsonObject(), ["fresh"] = true });

            Assert.Equal(Enumerable.Range(0, Writers).Select(writer => $"w{writer}.{round}"), ids);
            Assert.Equal(Writers * round, count.GetInt32());
        }
    }

    [Fact]
    public async Task Are_refused_with_the_declaration_that_is_missing()
    {
        await using var application = new IndexedApplication(_folder, stacks: 1);
        await application.StartAsync("""{"byCity": ["city", "day"]}""");

        foreach (var (where, order, reason) in ((string, string?, string)[])
        [
            ("""{"price": 3}""", null, "no index of table 'events' answers this query: declare \"indexes\": {\"byPrice\": [\"price\"]}"),
            ("""{"city": "Oslo"}""", "price", "no index of table 'events' answers this query: declare \"indexes\": {\"byCityPrice\": [\"city\", \"price\"]}"),
            ("""{"city": "Oslo", "day": {"from": 3}}""", "-price", "no index of table 'events' answers this query: declare \"indexes\": {\"byCityDay\": {\"columns\": [\"city\", \"day\"], \"order\": \"-price\"}}"),
            ("""{"city": {"form": "A"}}""", null, "events.city cannot be asked for by 'form': there are from, to (included), above, below (not included)"),
            ("""{"city": {"from": "A"}, "day": {"from": 3}}""", null, "a query may have bounds on one column, and this one has them on 'city' and 'day'"),
            ("""{"city": 3}""", null, "events.city is a string, and 3 is not"),
            ("""{"town": "Oslo"}""", null, "table 'events' has no column 'town'"),
            ("""{"extra": "x"}""", null, "events.extra is json, which no query can ask for: put what is looked for into a column of its own"),
        ])
        {
            var answer = await application.CallAsync("ask", "alice", new JsonObject { ["where"] = JsonNode.Parse(where), ["order"] = order });

            Assert.Equal((TransactionStatus.Aborted, reason), (answer.Status, answer.Reason));
        }
    }

    [Fact]
    public async Task Refuse_cursors_of_other_queries_and_take_made_up_ones_for_some_place()
    {
        await using var application = new IndexedApplication(_folder, stacks: 1);
        await application.StartAsync("""{"byPrice": ["price"]}""");
        await application.ResultAsync("change", "alice", new JsonArray([.. Enumerable.Range(0, 5).Select(i => One(new PlainEvent($"e{i}", null, null, i, null)))]));
        var query = new JsonObject { ["where"] = new JsonObject(), ["order"] = "price", ["limit"] = 2 };

        Assert.Equal(["e4", "e3"], (await application.ResultAsync("dearest", "alice", 2, "price")).EnumerateArray().Select(id => id.GetString()));
        var (first, cursor) = await application.AskAsync("alice", query);
        query["cursor"] = cursor;
        var (second, _) = await application.AskAsync("alice", query);
        query["order"] = "-price";
        var backward = await application.CallAsync("ask", "alice", query);
        query["order"] = "price";
        query["cursor"] = cursor![..^4] + "AAAA";
        var madeUp = await application.CallAsync("ask", "alice", query);
        query["cursor"] = "no cursor";
        var none = await application.CallAsync("ask", "alice", query);

        Assert.Equal(["e0", "e1", "e2", "e3"], first.Concat(second));
        Assert.Equal(TransactionStatus.Committed, madeUp.Status);
        foreach (var answer in new[] { backward, none })
        {
            Assert.Equal((TransactionStatus.Aborted, "this cursor is not one of this query: begin without"), (answer.Status, answer.Reason));
        }
    }

    [Theory]
    [InlineData("price")]
    [InlineData("-price")]
    [InlineData("day")]
    public async Task Take_no_harm_from_cursors_that_were_tampered_with(string order)
    {
        const int Rows = 300;
        const string NotOfThis = "this cursor is not one of this query: begin without";
        var random = new Random(order.Length);
        await using var application = new IndexedApplication(_folder, stacks: 1);
        await application.StartAsync("""{"byPrice": {"columns": ["price"], "order": "day"}}""");
        await application.ResultAsync("change", "alice", new JsonArray([.. Enumerable.Range(0, Rows).Select(i => One(new PlainEvent($"e{i}", null, i, i / 2, null)))]));
        var query = new JsonObject { ["where"] = new JsonObject(), ["order"] = order, ["limit"] = 7 };
        var (_, cursor) = await application.AskAsync("alice", query);
        var real = Base64Url.DecodeFromChars(cursor);
        query.Remove("limit");
        var (all, _) = await application.AskAsync("alice", query);
        var (taken, refused) = (0, 0);

        for (var i = 0; i < 200; i++)
        {
            query["cursor"] = Base64Url.EncodeToString(Tampered(real, random));
            var answer = await application.CallAsync("ask", "alice", query);
            if (answer.Status == TransactionStatus.Committed)
            {
                // Some place among the answers: what stands behind it is given, whole and in order.
                var found = IndexedApplication.Ids(System.Text.Json.JsonDocument.Parse(answer.Result).RootElement);
                Assert.Equal(all.TakeLast(found.Count), found);
                taken++;
            }
            else
            {
                Assert.Equal((TransactionStatus.Aborted, NotOfThis), (answer.Status, answer.Reason));
                refused++;
            }
        }

        output.WriteLine($"{taken} taken, {refused} refused");
        Assert.True(taken > 20 && refused > 20, $"{taken} taken, {refused} refused");
        Assert.Equal(all, (await application.AskAsync("alice", new JsonObject { ["where"] = new JsonObject(), ["order"] = order })).Ids);
    }

    /// <summary>A bit turned, bytes cut off, others in their place, or very many of them; the first four tell of which query it is.</summary>
    private static byte[] Tampered(byte[] real, Random random)
    {
        var bytes = (byte[])real.Clone();
        switch (random.Next(4))
        {
            case 0:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                return bytes[..random.Next(bytes.Length)];
            case 2:
                random.NextBytes(bytes.AsSpan(sizeof(uint)));
                return bytes;
            default:
                var many = new byte[random.Next(70_000)];
                random.NextBytes(many);
                real.AsSpan(0, Math.Min(sizeof(uint), many.Length)).CopyTo(many);
                return many;
        }
    }

    private static async Task StepAsync(IndexedApplication application, EventDraw draw, Random random, Dictionary<string, PlainEvent> rows)
    {
        var changes = Changes(draw, rows);
        if (random.Next(3) > 0)
        {
            await application.ResultAsync("change", "alice", changes);
        }
        else
        {
            await CompareOwnAsync(application, draw, changes, rows);
        }

        await CompareAsync(application, "alice", draw, rows.Values);
    }

    /// <summary>What a transaction wrote itself takes its place among what it finds.</summary>
    private static async Task CompareOwnAsync(IndexedApplication application, EventDraw draw, JsonArray changes, Dictionary<string, PlainEvent> rows)
    {
        // The index is asked before, so that it holds all that was written until now.
        await application.AskAsync("alice", new JsonObject { ["where"] = new JsonObject() });
        var query = draw.Query();
        var answer = await application.CallAsync("changeThenAsk", "alice", changes, query.Asked);
        if (IsTooLong(answer))
        {
            await application.ResultAsync("change", "alice", changes);
            return;
        }

        Assert.True(answer.Status == TransactionStatus.Committed, answer.Reason);
        var result = System.Text.Json.JsonDocument.Parse(answer.Result).RootElement;
        RequireSame(query, rows.Values, IndexedApplication.Ids(result.GetProperty("rows")), rows);
        Assert.Equal(rows.Values.Count(query.IsMeant), result.GetProperty("count").GetInt32());

        await CompareOwnPagesAsync(application, draw, rows);
        await CompareOwnFacetsAsync(application, draw, rows);
    }

    /// <summary>Pages by number of a transaction that changes rows first are those of the rows as it leaves them.</summary>
    private static async Task CompareOwnPagesAsync(IndexedApplication application, EventDraw draw, Dictionary<string, PlainEvent> rows)
    {
        await application.AskAsync("alice", new JsonObject { ["where"] = new JsonObject() });
        var query = draw.Query();
        var pages = query.With("limit", 3);
        pages["pages"] = new JsonArray(1, 2, 3, 5, 8, 30);
        var changes = Changes(draw, rows);
        var answer = await application.CallAsync("changeThenPages", "alice", changes, pages);
        if (IsTooLong(answer))
        {
            await application.ResultAsync("change", "alice", changes);
            return;
        }

        Assert.True(answer.Status == TransactionStatus.Committed, answer.Reason);
        var (all, _) = await application.AskAsync("alice", query.Asked);
        RequireSame(query, rows.Values, all, rows);
        foreach (var found in System.Text.Json.JsonDocument.Parse(answer.Result).RootElement.EnumerateArray())
        {
            RequirePage(found, found.GetProperty("page").GetInt32(), 3, all);
        }
    }

    private static async Task CompareOwnFacetsAsync(IndexedApplication application, EventDraw draw, Dictionary<string, PlainEvent> rows)
    {
        await application.AskAsync("alice", new JsonObject { ["where"] = new JsonObject() });
        var (query, by) = draw.Facets();
        var changes = Changes(draw, rows);
        var answer = await application.CallAsync("changeThenFacets", "alice", changes, query.Asked);
        if (IsTooLong(answer))
        {
            await application.ResultAsync("change", "alice", changes);
            return;
        }

        RequireFacets(answer, rows.Values.Where(query.IsMeant), by);
    }

    /// <summary>Some changes, which the plain rows have from now on.</summary>
    private static JsonArray Changes(EventDraw draw, Dictionary<string, PlainEvent> rows)
    {
        var changes = new JsonArray();
        for (var i = 0; i < 5; i++)
        {
            var row = draw.Event(Ids);
            var isRemoved = draw.IsRemoved();
            changes.Add(One(row, isRemoved));
            rows.Remove(row.Id);
            if (!isRemoved)
            {
                rows[row.Id] = row;
            }
        }

        return changes;
    }

    /// <summary>Page by number it is the same as by cursor, behind the last page too.</summary>
    private static async Task ComparePagesAsync(IndexedApplication application, string user, PlainQuery query, int size, List<string> ids)
    {
        for (var page = 1; page <= (ids.Count / size) + 2; page++)
        {
            var asked = query.With("limit", size);
            asked["page"] = page;
            var answer = await application.CallAsync("page", user, asked);
            if (IsTooLong(answer))
            {
                return;
            }

            Assert.True(answer.Status == TransactionStatus.Committed, answer.Reason);
            RequirePage(System.Text.Json.JsonDocument.Parse(answer.Result).RootElement, page, size, ids);
        }
    }

    private static void RequirePage(System.Text.Json.JsonElement found, int page, int size, List<string> ids)
    {
        Assert.Equal(ids.Skip((page - 1) * size).Take(size), IndexedApplication.Ids(found));
        Assert.Equal((page, (ids.Count + size - 1) / size, ids.Count), (found.GetProperty("page").GetInt32(), found.GetProperty("pages").GetInt32(), found.GetProperty("total").GetInt32()));
    }

    private static void RequireFacets(TransactionAnswer answer, IEnumerable<PlainEvent> rows, string[] by)
    {
        if (!IsTooLong(answer))
        {
            Assert.True(answer.Status == TransactionStatus.Committed, answer.Reason);
            PlainFacets.RequireSame(rows, by, System.Text.Json.JsonDocument.Parse(answer.Result).RootElement);
        }
    }

    private static async Task CompareAsync(IndexedApplication application, string user, EventDraw draw, IReadOnlyCollection<PlainEvent> rows)
    {
        var byId = rows.ToDictionary(row => row.Id);
        var query = draw.Query();
        var (ids, end) = await application.AskAsync(user, query.Asked);
        RequireSame(query, rows, ids, byId);
        Assert.Null(end);

        // Page by page it is the same, in the same order.
        var paged = new List<string>();
        var limit = 1 + (rows.Count / 5);
        string? cursor = null;
        do
        {
            var asked = query.With("limit", limit);
            asked["cursor"] = cursor;
            (var page, cursor) = await application.AskAsync(user, asked);
            Assert.True(cursor is null || page.Count == limit, "A page is short, and is not the last one.");
            paged.AddRange(page);
        }
        while (cursor is not null);
        Assert.Equal(ids, paged);
        await ComparePagesAsync(application, user, query, limit, ids);

        var counted = await application.CallAsync("count", user, query.Asked);
        if (!IsTooLong(counted))
        {
            Assert.Equal($"{rows.Count(query.IsMeant)}", System.Text.Encoding.UTF8.GetString(counted.Result.Span));
        }

        var summed = draw.Summed();
        var sum = await application.CallAsync("sum", user, summed.Asked);
        if (!IsTooLong(sum))
        {
            Assert.Equal($"{rows.Where(summed.IsMeant).Sum(row => row.Price ?? 0)}", System.Text.Encoding.UTF8.GetString(sum.Result.Span));
            var average = await application.ResultAsync("average", user, summed.Asked);
            var priced = rows.Where(summed.IsMeant).Select(row => row.Price).Where(price => price is not null).ToList();
            Assert.Equal(priced.Count == 0 ? "null" : $"{priced.Average():R}", average.GetRawText());
        }

        var (grouped, by) = draw.Facets();
        var facets = await application.CallAsync("facets", user, grouped.Asked);
        RequireFacets(facets, rows.Where(grouped.IsMeant), by);
    }

    /// <summary>An index cannot count texts that it does not hold to their end.</summary>
    private static bool IsTooLong(TransactionAnswer answer) => answer.Reason?.Contains("cannot tell texts of table 'events' apart", StringComparison.Ordinal) == true;

    private static void RequireSame(PlainQuery query, IEnumerable<PlainEvent> rows, List<string> ids, Dictionary<string, PlainEvent> byId)
    {
        var expected = rows.Where(query.IsMeant).ToList();
        Assert.True(expected.Select(row => row.Id).Order(StringComparer.Ordinal).SequenceEqual(ids.Order(StringComparer.Ordinal)), $"{query.Asked}: expected {string.Join(' ', expected)}; found {string.Join(' ', ids)}");
        if (query.Order is not null)
        {
            var found = ids.ConvertAll(id => byId[id].Of(query.Order));
            Assert.True(query.Sorted(expected).Zip(found).All(pair => Comparer<IComparable?>.Default.Compare(pair.First, pair.Second) == 0), $"{query.Asked}: {string.Join(' ', ids.Select(id => byId[id]))}");
        }
    }

    private static JsonArray Change(PlainEvent row) => [One(row)];

    private static JsonObject One(PlainEvent row, bool isRemoved = false) => new() { ["id"] = row.Id, ["row"] = isRemoved ? null : row.ToJson() };
}
