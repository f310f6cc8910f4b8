using System.Text.Json;
using System.Text.Json.Nodes;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Running;
using Xunit.Abstractions;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>Handlers search the text of rows; what they get, and in which order, is compared with a plain look at all rows.</summary>
public sealed class Searches_of_handlers(ITestOutputHelper output) : IDisposable
{
    private const int Ids = 50;

    /// <summary>How much a word of the id counts; one of the city counts 1.</summary>
    private const double IdWeight = 2;

    private const string Declared = """{"byPrice": ["price"], "byDay": ["day"]}, "search": {"fields": {"id": 2, "city": 1}, "popularity": "price"}""";

    /// <summary>Until an index holds what the same user wrote, on a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string[] Words = ["jazz", "jam", "jar", "rock", "rocket", "oslo", "night", "the", "the", "the", "a", "e3", "e30"];

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public async Task Give_and_rank_what_a_plain_evaluation_does_through_changes_and_kills(int seed, int stacks)
    {
        var random = new Random(seed);
        var rows = new Dictionary<string, PlainEvent>(StringComparer.Ordinal);
        var found = 0;
        await using var application = new IndexedApplication(_folder, stacks);
        for (var start = 1; start <= 3; start++)
        {
            await application.StartAsync(Declared);
            for (var step = 0; step < 25; step++)
            {
                await application.ResultAsync("change", "alice", Changes(random, rows));
                var (asked, isMeant) = Question(random);
                found += Compare(rows.Values, asked, isMeant, await SearchAsync(application, asked));

                // What a transaction wrote itself is found as it is by then; how rare words are is what the index says.
                (asked, isMeant) = Question(random);
                await SearchAsync(application, asked);
                var own = await application.CallAsync("changeThenSearch", "alice", Changes(random, rows), asked);
                Assert.True(own.Status == TransactionStatus.Committed, own.Reason);
                var result = JsonDocument.Parse(own.Result).RootElement;
                Assert.Equal(Matching(rows.Values, asked, isMeant).Count, result.GetProperty("total").GetInt32());
                Assert.All(IndexedApplication.Ids(result), id => Assert.Contains(Matching(rows.Values, asked, isMeant), row => row.Id == id));
                Assert.Equal(Math.Min((int)asked["limit"]!, Matching(rows.Values, asked, isMeant).Count), IndexedApplication.Ids(result).Count);
            }

            await (random.Next(2) == 0 ? application.StopAsync() : application.KillAsync());
        }

        output.WriteLine($"{found} rows found");
        Assert.True(found > 100, "The test asks for too little.");
    }

    [Fact]
    public async Task Mark_what_they_found_and_are_refused_with_what_is_missing()
    {
        await using var application = new IndexedApplication(_folder, stacks: 1);
        await application.StartAsync("""{"byPrice": ["price"]}, "search": {"fields": {"city": 1}, "language": "en"}""");
        await application.ResultAsync("change", "alice", new JsonArray(One("a", "Old <b>libraries</b> of Århus", 1), One("b", "A library", 2), One("c", "Museums", 2)));

        var result = await SearchAsync(application, new JsonObject { ["text"] = "Library", ["limit"] = 5 });
        Assert.Equal(["b", "a"], IndexedApplication.Ids(result));
        Assert.Equal(["A <mark>library</mark>", "Old &lt;b&gt;<mark>libraries</mark>&lt;/b&gt; of Århus"], result.GetProperty("highlights").EnumerateArray().Select(each => each.GetProperty("city").GetString()));
        Assert.Equal(["a"], IndexedApplication.Ids(await SearchAsync(application, new JsonObject { ["text"] = "arh", ["limit"] = 5 })));
        Assert.Equal(["c"], IndexedApplication.Ids(await SearchAsync(application, new JsonObject { ["text"] = "museum ", ["limit"] = 5, ["where"] = new JsonObject { ["price"] = 2 } })));
        Assert.Equal(0, (await SearchAsync(application, new JsonObject { ["text"] = " ", ["limit"] = 5 })).GetProperty("total").GetInt32());

        var refused = await application.CallAsync("search", "alice", new JsonObject { ["text"] = "museum", ["limit"] = 5, ["where"] = new JsonObject { ["day"] = 3 } });
        Assert.Equal("no index of table 'events' has column 'day' alone, which a search within it needs: declare \"indexes\": {\"byDay\": [\"day\"]}", refused.Reason);
        await application.DeclareAsync("""{"byPrice": ["price"]}""");
        Assert.Equal("table 'events' declares no text search: declare \"search\": [\"…\"] with the columns to look at", (await application.CallAsync("search", "alice", new JsonObject { ["text"] = "x", ["limit"] = 5 })).Reason);
    }

    [Fact]
    public async Task Number_their_pages_and_count_their_values_as_a_plain_evaluation_does()
    {
        var random = new Random(3);
        var rows = new Dictionary<string, PlainEvent>(StringComparer.Ordinal);
        var counted = 0;
        await using var application = new IndexedApplication(_folder, stacks: 2);
        await application.StartAsync("""{"byPrice": ["price"]}, "search": {"fields": {"id": 2, "city": 1}, "facets": ["price", "day"], "popularity": "price"}""");
        for (var step = 0; step < 40; step++)
        {
            var (asked, isMeant) = Question(random);
            asked["limit"] = random.Next(1, 6);
            asked["by"] = random.Next(2) == 0 ? new JsonArray("price") : new JsonArray("day", "price");
            if (random.Next(3) == 0)
            {
                var from = random.Next(3);
                asked["where"] = new JsonObject { ["day"] = new JsonObject { ["from"] = from } };
                isMeant = row => row.Day >= from;
            }

            // Once as the index has it, once with what the transaction itself has written.
            await application.ResultAsync("change", "alice", Changes(random, rows));
            await SearchAsync(application, asked);
            foreach (var isOwn in (bool[])[false, true])
            {
                var own = isOwn ? Changes(random, rows) : [];
                var result = await application.ResultAsync("searchPages", "alice", own, asked);
                var matching = Matching(rows.Values, asked, isMeant);
                var ids = ComparePages(result.GetProperty("pages"), matching.Count, (int)asked["limit"]!);
                Assert.Equal(matching.Select(row => row.Id).Order(StringComparer.Ordinal), ids.Order(StringComparer.Ordinal));
                if (!isOwn)
                {
                    var scores = matching.ToDictionary(row => row.Id, row => Score(rows.Values, row, Asked(asked)));
                    Assert.Equal(scores.Values.OrderDescending(), ids.Select(id => scores[id]), static (one, other) => Math.Abs(one - other) < 1e-9);
                }

                var groups = matching.GroupBy(row => ((JsonArray)asked["by"]!).Count == 1 ? $"{row.Price}" : $"{row.Day} {row.Price}").Select(group => (group.Key, group.Count()));
                Assert.Equal(groups.Order(), result.GetProperty("facets").EnumerateArray().Select(Group).Order());
                counted += matching.Count;
            }
        }

        Assert.True(counted > 100, $"{counted} rows counted: the test asks for too little.");
        var refused = await application.CallAsync("searchPages", "alice", new JsonArray(), new JsonObject { ["text"] = "jazz", ["limit"] = 5, ["by"] = new JsonArray("city") });
        Assert.Equal("a search of table 'events' is not counted by 'city': declare \"facets\": [\"city\"] in its \"search\"", refused.Reason);
        refused = await application.CallAsync("search", "alice", new JsonObject { ["text"] = "jazz", ["limit"] = 5, ["where"] = new JsonObject { ["city"] = new JsonObject { ["from"] = "A" } } });
        Assert.Equal("a search of table 'events' within bounds on 'city' needs its values beside the text: declare \"facets\": [\"city\"] in its \"search\"", refused.Reason);
    }

    [Fact]
    public async Task Find_words_in_quotes_where_they_stand_next_to_each_other()
    {
        await using var application = new IndexedApplication(_folder, stacks: 1);
        await application.StartAsync("""{"byPrice": ["price"]}, "search": {"fields": {"city": 1}, "language": "en"}""");
        await application.ResultAsync("change", "alice", new JsonArray(One("a", "the New York marathon", 1), One("b", "York, a new marathon", 1), One("c", "new yorkers", 2)));

        Assert.Equal(["a"], IndexedApplication.Ids(await SearchAsync(application, new JsonObject { ["text"] = "\"new york\"", ["limit"] = 5 })));
        Assert.Equal(["a", "c"], IndexedApplication.Ids(await SearchAsync(application, new JsonObject { ["text"] = "\"new york", ["limit"] = 5 })).Order());
        Assert.Equal(["b"], IndexedApplication.Ids(await SearchAsync(application, new JsonObject { ["text"] = "york \"new marathons\"", ["limit"] = 5, ["where"] = new JsonObject { ["price"] = 1 } })));

        // What the transaction itself has written counts as it is by then.
        var own = await application.CallAsync("changeThenSearch", "alice", new JsonArray(One("a", "york new", 1), One("d", "new York new York", 1)), new JsonObject { ["text"] = "\"new york\"", ["limit"] = 5 });
        var result = JsonDocument.Parse(own.Result).RootElement;
        Assert.Equal(["d"], IndexedApplication.Ids(result));
        Assert.Equal(1, result.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Rank_by_a_column_that_makes_rows_count_more_as_it_was_written_just_now()
    {
        await using var application = new IndexedApplication(_folder, stacks: 1);
        await application.StartAsync("""{"byPrice": ["price"]}, "search": {"fields": {"city": 1}, "popularity": "price"}""");
        await application.ResultAsync("change", "alice", new JsonArray(One("a", "jazz", -5), One("b", "jazz", 30), One("c", "jazz", 900)));
        var asked = new JsonObject { ["text"] = "jazz ", ["limit"] = 5 };
        Assert.Equal(["c", "b", "a"], IndexedApplication.Ids(await SearchAsync(application, asked)));

        var own = await application.CallAsync("changeThenSearch", "alice", new JsonArray(One("a", "jazz", 100), One("c", "jazz", 1), One("d", "jazz", 50)), asked);
        Assert.Equal(["a", "d", "b", "c"], IndexedApplication.Ids(JsonDocument.Parse(own.Result).RootElement));
        Assert.Equal(["a", "d", "b", "c"], IndexedApplication.Ids(await SearchAsync(application, asked)));
    }

    [Fact]
    public async Task Find_mistyped_words_behind_those_that_are_written_right()
    {
        await using var application = new IndexedApplication(_folder, stacks: 1);
        await application.StartAsync("""{"byPrice": ["price"]}, "search": {"fields": {"city": 1}, "language": "en", "fuzzy": true}""");
        await application.ResultAsync("change", "alice", new JsonArray(One("a", "rabbitmq queues rabbitmq", 1), One("b", "a queue of rabitmq", 1), One("c", "python2 postgres", 1), One("d", "rabbits", 1)));

        // What is written so comes first, however often others have what may have been meant.
        var result = await SearchAsync(application, new JsonObject { ["text"] = "rabitmq ", ["limit"] = 5, ["fuzzy"] = true });
        Assert.Equal(["b", "a"], IndexedApplication.Ids(result));
        Assert.Equal(2, result.GetProperty("total").GetInt32());
        Assert.Equal("<mark>rabbitmq</mark> queues <mark>rabbitmq</mark>", result.GetProperty("highlights")[1].GetProperty("city").GetString());
        Assert.Equal(["b"], IndexedApplication.Ids(await SearchAsync(application, new JsonObject { ["text"] = "rabitmq ", ["limit"] = 5 })));
        Assert.Equal(["b", "a"], IndexedApplication.Ids(await SearchAsync(application, new JsonObject { ["text"] = "quues rabitmq", ["limit"] = 5, ["fuzzy"] = true })));
        Assert.Equal(["c"], IndexedApplication.Ids(await SearchAsync(application, new JsonObject { ["text"] = "psotgres", ["limit"] = 5, ["fuzzy"] = true })));
        Assert.Empty(IndexedApplication.Ids(await SearchAsync(application, new JsonObject { ["text"] = "python3 ", ["limit"] = 5, ["fuzzy"] = true })));

        // What the transaction itself has written counts as it is by then.
        var own = await application.CallAsync("changeThenSearch", "alice", new JsonArray(One("a", "nothing", 1), One("e", "rabbitmq", 1)), new JsonObject { ["text"] = "rabitmq ", ["limit"] = 5, ["fuzzy"] = true });
        Assert.Equal(["b", "e"], IndexedApplication.Ids(JsonDocument.Parse(own.Result).RootElement));

        await application.DeclareAsync("""{"byPrice": ["price"]}, "search": {"fields": {"city": 1}, "language": "en"}""");
        Assert.Equal("table 'events' finds no mistyped words: declare \"fuzzy\": true in its \"search\"", (await application.CallAsync("search", "alice", new JsonObject { ["text"] = "x", ["limit"] = 5, ["fuzzy"] = true })).Reason);
    }

    /// <summary>The rows of all pages, of which only the last is not full; behind it there are none.</summary>
    private static List<string> ComparePages(JsonElement pages, int total, int limit)
    {
        var all = pages.EnumerateArray().Select(IndexedApplication.Ids).ToList();
        Assert.Empty(all[^1]);
        Assert.All(pages.EnumerateArray(), page => Assert.Equal(((total + limit - 1) / limit, total, false), (page.GetProperty("pages").GetInt32(), page.GetProperty("total").GetInt32(), page.GetProperty("partial").GetBoolean())));
        Assert.Equal(Enumerable.Range(1, all.Count), pages.EnumerateArray().Select(page => page.GetProperty("page").GetInt32()));
        Assert.Equal(all.Select(ids => ids.Count), pages.EnumerateArray().Select(page => page.GetProperty("marked").GetInt32()));
        Assert.All(all[..^1], (ids, i) => Assert.Equal(Math.Min(limit, total - (i * limit)), ids.Count));
        return [.. all.SelectMany(static ids => ids)];
    }

    private static (string Value, int Count) Group(JsonElement group)
    {
        var value = group.GetProperty("value");
        return (value.ValueKind == JsonValueKind.Object ? $"{value.GetProperty("day")} {value.GetProperty("price")}" : $"{value}", group.GetProperty("count").GetInt32());
    }

    private static JsonArray Changes(Random random, Dictionary<string, PlainEvent> rows)
    {
        var changes = new JsonArray();
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            var id = $"e{random.Next(Ids)}";
            var text = random.Next(10) == 0 ? null : string.Join(' ', Enumerable.Range(0, random.Next(12)).Select(_ => Words[random.Next(Words.Length)]));
            var row = random.Next(5) == 0 ? null : new PlainEvent(id, text, random.Next(3), random.Next(3), null);
            changes.Add(new JsonObject { ["id"] = id, ["row"] = row?.ToJson() });
            rows.Remove(id);
            if (row is not null)
            {
                rows[id] = row;
            }
        }

        return changes;
    }

    private static (JsonObject Asked, Func<PlainEvent, bool> IsMeant) Question(Random random)
    {
        var text = string.Join(' ', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Words[random.Next(Words.Length)]));
        text = random.Next(3) switch { 0 => text + " ", 1 => text[..^random.Next(text.Split(' ')[^1].Length)], _ => text };
        var asked = new JsonObject { ["text"] = text, ["limit"] = random.Next(1, 30) };
        var (price, day) = (random.Next(3), random.Next(3));
        switch (random.Next(3))
        {
            case 0:
                asked["where"] = new JsonObject { ["price"] = price };
                return (asked, row => row.Price == price);
            case 1:
                asked["where"] = new JsonObject { ["price"] = price, ["day"] = day };
                return (asked, row => row.Price == price && row.Day == day);
            default:
                return (asked, static _ => true);
        }
    }

    private static async Task<JsonElement> SearchAsync(IndexedApplication application, JsonObject asked)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; await Task.Delay(20))
        {
            var result = await application.ResultAsync("search", "alice", asked);
            if (!result.GetProperty("behind").GetBoolean())
            {
                return result;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, "The index stays behind.");
        }
    }

    /// <summary>The best rows, in their order; rows that are equally good in any.</summary>
    private static int Compare(IReadOnlyCollection<PlainEvent> rows, JsonObject asked, Func<PlainEvent, bool> isMeant, JsonElement result)
    {
        var ids = IndexedApplication.Ids(result);
        var matching = Matching(rows, asked, isMeant);
        var scores = matching.ToDictionary(row => row.Id, row => Score(rows, row, Asked(asked)));
        var expected = scores.Values.OrderDescending().Take((int)asked["limit"]!).ToList();

        Assert.True(ids.TrueForAll(scores.ContainsKey), $"{asked}: {string.Join(' ', ids)} of {string.Join(' ', rows)}");
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(expected, ids.Select(id => scores[id]), static (one, other) => Math.Abs(one - other) < 1e-9);
        Assert.Equal(matching.Count, result.GetProperty("total").GetInt32());
        return ids.Count;
    }

    private static List<PlainEvent> Matching(IEnumerable<PlainEvent> rows, JsonObject asked, Func<PlainEvent, bool> isMeant) =>
        [.. rows.Where(isMeant).Where(row => Asked(asked).TrueForAll(word => Weight(row, word) > 0))];

    private static List<(string Word, bool IsBeginning)> Asked(JsonObject asked)
    {
        var text = (string)asked["text"]!;
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return [.. words.Select((word, i) => (word, i == words.Length - 1 && !text.EndsWith(' '))).Distinct()];
    }

    private static double Weight(PlainEvent row, (string Word, bool IsBeginning) asked) =>
        (IsMeant(row.Id, asked) ? IdWeight * Worth(row.Id, asked) : 0) + Split(row).Where(word => IsMeant(word, asked)).Sum(word => Worth(word, asked));

    /// <summary>Whole words count four times; beginnings the more the more of them was written.</summary>
    private static double Worth(string word, (string Word, bool IsBeginning) asked) => word == asked.Word ? 4 : 1 + Math.Pow((double)asked.Word.Length / word.Length, 2);

    private static bool IsMeant(string word, (string Word, bool IsBeginning) asked) => asked.IsBeginning ? word.StartsWith(asked.Word, StringComparison.Ordinal) : word == asked.Word;

    private static string[] Split(PlainEvent row) => row.City?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>BM25, more where words stand near each other, and where the id, which is the title, was asked for. A word that stands for several occurs in as many rows as these do together.</summary>
    private static double Score(IReadOnlyCollection<PlainEvent> rows, PlainEvent row, List<(string Word, bool IsBeginning)> asked)
    {
        var length = (PlainEvent each) => Split(each).Length + 1.0;
        var average = rows.Sum(length) / rows.Count;
        var score = asked.Sum(word =>
        {
            var frequency = Math.Min(rows.Count, rows.Sum(each => Split(each).Append(each.Id).Distinct().Count(term => IsMeant(term, word))));
            var weight = Weight(row, word);
            return Math.Log(1 + ((rows.Count - frequency + 0.5) / (frequency + 0.5))) * weight * 3 / (weight + (2 * (0.25 + (0.75 * length(row) / average))));
        });
        var nearness = asked.Count < 2 ? 0 : asked.Zip(asked.Skip(1), (one, other) => Nearness(Split(row), one, other)).Average();
        return score * (1 + (nearness / 2)) * (asked.Exists(word => IsMeant(row.Id, word)) ? 1.4 : 1) * Popularity(row.Price ?? 0);
    }

    /// <summary>15 % more for each doubling, in quarters of one.</summary>
    private static double Popularity(long price) => 1 + (0.15 * Math.Round(4 * Math.Log2(1 + price)) / 4);

    private static double Nearness(string[] words, (string Word, bool IsBeginning) one, (string Word, bool IsBeginning) other)
    {
        var places = ((string Word, bool IsBeginning) asked) => Enumerable.Range(0, words.Length).Where(i => IsMeant(words[i], asked));
        return places(one).SelectMany(before => places(other).Select(place => place - before)).Where(static distance => distance != 0 && Math.Abs(distance) <= 8)
            .Select(static distance => distance > 0 ? 1.0 / distance : -0.5 / distance).DefaultIfEmpty().Max();
    }

    private static JsonObject One(string id, string city, long price) => new() { ["id"] = id, ["row"] = new PlainEvent(id, city, null, price, null).ToJson() };
}
