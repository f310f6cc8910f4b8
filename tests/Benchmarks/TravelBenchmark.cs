using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Embedded;
using Mjolnir.Indexer.Running;
using Mjolnir.Running;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.WriteBehind;

namespace Mjolnir.Benchmarks;

/// <summary>
/// "Events of a category, in a city, between two dates, cheapest first, 20" asked of handlers of an embedded stack, rows included; how long the three indexes take to be built over rows that are there, how far they are behind
/// 2,000 writes a second, and what they cost those who write. Every second write announces an event, every other one changes a price.
/// </summary>
internal static class TravelBenchmark
{
    private const int RowsPerCall = 20;
    private const int Clients = 64;
    private const int Queries = 5_000;
    private const int PacedWrites = 2_000;
    private const int Days = 3 * 365;

    private const string Description = """
        { "name": "travel",
          "tables": { "events": { "key": "id", "columns": { "id": "string", "category": "string", "city": "string", "date": "time", "price": "integer", "seats": "integer", "title": "string" }INDEXES } },
          "handlers": { "load": { "allow": "everyone" }, "announce": { "allow": "everyone" }, "change": { "allow": "everyone" }, "nothing": { "allow": "everyone" }FIND } }
        """;

    private const string Indexes = """, "indexes": { "cheapest": { "columns": ["category", "city", "date"], "order": "price", "sum": ["seats"] }, "byCity": ["city", "date"], "byPrice": ["price"] }""";

    // A few categories and cities are popular: the most popular pair has one event in 26.
    private const string Scripts = """
        function event(number) {
          function spread(salt, most, power) { var x = Math.sin(number * 12.9898 + salt) * 43758.5453; return Math.floor(most * Math.pow(x - Math.floor(x), power)); }
          return {
            id: 'e' + ('000000' + number).slice(-8), category: 'category' + spread(1, 20, 2), city: 'city' + spread(2, 200, 3),
            date: 1700000000000 + spread(3, 26280, 1) * 3600000, price: 500 + spread(4, 49500, 1), seats: 1 + spread(5, 499, 1), title: 'An evening of music'
          };
        }
        function load(first, count) { for (var i = first; i < first + count; i++) mjolnir.table('events').insert(event(i)); }
        function announce(number) { mjolnir.table('events').insert(event(number)); }
        function change(number, price) { mjolnir.table('events').find(event(number).id).price = price; }
        function nothing() { return 0; }

        """;

    private const string Find = """
        function find(category, city, from, days) {
          var begin = 1700000000000 + from * 86400000;
          return mjolnir.table('events').where({ category: category, city: city, date: { from: begin, to: begin + days * 86400000 } }).orderBy('price').limit(20).rows().length;
        }
        """;

    public static async Task<int> RunAsync(int rows, TimeSpan window)
    {
        using var folder = new TestFolder();
        var (plain, indexed) = (Load(folder.At("plain"), isIndexed: false), Load(folder.At("indexed"), isIndexed: true));
        var options = new EmbeddedOptions(folder.At("data"), 1, ScriptEngines.Create, TimeProvider.System, new Random(1)) { IsAudited = false, Violated = violation => Console.Error.WriteLine(violation) };
        await using var stack = await EmbeddedStack.StartAsync(options, new Progress<RecoveryProgress>(), CancellationToken.None);
        var next = 0;
        var began = Stopwatch.GetTimestamp();
        await ManyAsync(() => Interlocked.Add(ref next, RowsPerCall) is var end && end <= rows ? AskAsync(stack, plain, "load", $"[{end - RowsPerCall},{RowsPerCall}]") : null);
        next = rows;
        Say($"{rows:N0} events loaded in {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s");
        var before = await WriteAsync(stack, plain, rows, () => Interlocked.Increment(ref next), window);
        var build = await BuildAsync(stack, indexed);
        Say($"three indexes built in {build.TotalSeconds:F1} s, while nothing else was asked for; {stack.Indexer.Progress[0].Bytes / stack.Indexer.Progress[0].Rows} bytes a row in them");
        await AskAllAsync(stack, indexed);
        var during = await WriteAsync(stack, indexed, rows, () => Interlocked.Increment(ref next), window);
        await FollowedAsync(stack, () => WriteOneAsync(stack, indexed, rows, Interlocked.Increment(ref next)));
        await LagAsync(stack, indexed, rows, () => Interlocked.Increment(ref next), TimeSpan.FromSeconds(1), isTold: false); // until it follows as closely as at this rate
        await LagAsync(stack, indexed, rows, () => Interlocked.Increment(ref next), 3 * window);
        await stack.KeepIndexesAsync(plain);
        var after = await WriteAsync(stack, plain, rows, () => Interlocked.Increment(ref next), window);
        Say($"writes by {Clients} callers: {before:F0}/s without indexes, {during:F0}/s with three, {after:F0}/s without again: {2 * during / (before + after):F2}");
        return 0;
    }

    /// <summary>A query without its index is refused when an application is loaded: the plain one has none.</summary>
    private static Application Load(string path, bool isIndexed)
    {
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "mjolnir.json"), Description.Replace("INDEXES", isIndexed ? Indexes : "", StringComparison.Ordinal).Replace("FIND", isIndexed ? """, "find": { "allow": "everyone" }""" : "", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(path, "events.js"), isIndexed ? Scripts + Find : Scripts);
        File.WriteAllText(Path.Combine(path, "index.html"), "<!DOCTYPE html><html lang=\"en\"><head><title>Travel</title><script src=\"events.js\"></script></head><body></body></html>");
        return AppFolder.Load(path, Console.Error) ?? throw new InvalidOperationException("The application of the benchmark has mistakes.");
    }

    /// <summary>From the declaration to the first head that answers.</summary>
    private static async Task<TimeSpan> BuildAsync(EmbeddedStack stack, Application application)
    {
        var began = Stopwatch.GetTimestamp();
        await stack.KeepIndexesAsync(application);
        await FollowedAsync(stack, () => Task.CompletedTask);
        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Until the indexes follow closely. The lag that is told is that of the last step: <paramref name="touch"/> gives it another one.</summary>
    private static async Task FollowedAsync(EmbeddedStack stack, Func<Task> touch)
    {
        while (stack.Indexer.Progress is not [{ State: TableState.Following, Lag.TotalMilliseconds: < 1_000 }])
        {
            await touch();
            await Task.Delay(5);
        }
    }

    private static async Task AskAllAsync(EmbeddedStack stack, Application application)
    {
        var random = new Random(2);
        await TimesAsync("a call that does nothing", () => AskAsync(stack, application, "nothing", "[]"));
        foreach (var days in (int[])[1, 30, 365])
        {
            await TimesAsync($"{days} days, category and city as popular as they are", () => AskAsync(stack, application, "find",
                $"[\"category{(int)(20 * Math.Pow(random.NextDouble(), 2))}\",\"city{(int)(200 * Math.Pow(random.NextDouble(), 3))}\",{random.Next(Days - days)},{days}]"));
            await TimesAsync($"{days} days, the most popular pair", () => AskAsync(stack, application, "find", $"[\"category0\",\"city0\",{random.Next(Days - days)},{days}]"));
        }
    }

    private static async Task TimesAsync(string what, Func<Task> ask)
    {
        var times = new double[Queries];
        for (var i = -Queries / 10; i < Queries; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await ask();
            times[Math.Max(0, i)] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        Array.Sort(times);
        Say($"{what}: p50 {times[Queries / 2]:F2} ms, p99 {times[Queries * 99 / 100]:F2} ms, most {times[^1]:F1} ms");
    }

    private static async Task<double> WriteAsync(EmbeddedStack stack, Application application, int rows, Func<int> next, TimeSpan window)
    {
        var (began, done, memory) = (Stopwatch.GetTimestamp(), 0, MemoryWatch.Start());
        await ManyAsync(() => Stopwatch.GetElapsedTime(began) < window ? CountedAsync(WriteOneAsync(stack, application, rows, next())) : null);
        Say($"{done / Stopwatch.GetElapsedTime(began).TotalSeconds:F0} writes/s by {Clients} callers; {memory}");
        return done / Stopwatch.GetElapsedTime(began).TotalSeconds;

        async Task CountedAsync(Task write)
        {
            await write;
            Interlocked.Increment(ref done);
        }
    }

    /// <summary>2,000 writes a second, evenly; each step of the indexer tells how old its oldest batch was when readers saw it.</summary>
    private static async Task LagAsync(EmbeddedStack stack, Application application, int rows, Func<int> next, TimeSpan window, bool isTold = true)
    {
        var (lags, steps, began, sent) = (new List<double>(), stack.Indexer.Progress[0].Steps, Stopwatch.GetTimestamp(), 0);
        var memory = MemoryWatch.Start();
        var writes = new List<Task>();
        while (Stopwatch.GetElapsedTime(began) is var elapsed && elapsed < window)
        {
            for (; sent < elapsed.TotalSeconds * PacedWrites; sent++)
            {
                writes.Add(WriteOneAsync(stack, application, rows, next()));
            }

            var told = stack.Indexer.Progress[0];
            if (told.Steps > steps)
            {
                steps = told.Steps;
                lags.Add(told.Lag.TotalMilliseconds);
            }

            await Task.Delay(1);
        }

        await Task.WhenAll(writes);
        if (!isTold)
        {
            return;
        }

        lags.Sort();
        Say($"{PacedWrites:N0} writes a second for {window.TotalSeconds:F0} s: the oldest of a step is seen after p50 {lags[lags.Count / 2]:F0} ms, p99 {lags[lags.Count * 99 / 100]:F0} ms, most {lags[^1]:F0} ms ({lags.Count} steps); {memory}");
    }

    private static Task WriteOneAsync(EmbeddedStack stack, Application application, int rows, int number) => number % 2 == 0
        ? AskAsync(stack, application, "announce", $"[{number}]")
        : AskAsync(stack, application, "change", $"[{Random.Shared.Next(rows)},{Random.Shared.Next(500, 50_000)}]");

    private static async Task AskAsync(EmbeddedStack stack, Application application, string handler, string args)
    {
        var call = new TransactionCall(
            new HandlerCall
            {
                Application = application,
                Handler = application.Handlers[handler],
                Args = Encoding.ASCII.GetBytes(args),
                Seed = new TransactionSeed(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), (ulong)Random.Shared.NextInt64()),
            },
            null);
        var answer = await stack.Router.Route(call).RunAsync(call, CancellationToken.None).ConfigureAwait(false);
        if (answer.Status != TransactionStatus.Committed)
        {
            throw new InvalidOperationException($"{handler}{args}: {answer.Status}, {answer.Reason}");
        }
    }

    /// <summary>So many callers, each one call after another, until there is no more.</summary>
    private static Task ManyAsync(Func<Task?> next) => Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
    {
        while (next() is { } one)
        {
            await one;
        }
    })));

    private static void Say(FormattableString what) => Console.WriteLine(what.ToString(CultureInfo.InvariantCulture));
}
