using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Mjolnir.Indexer.Tests.Relevance;
using Mjolnir.Running;
using Mjolnir.Servers;
using Npgsql;

namespace Mjolnir.Benchmarks;

/// <summary>
/// Searches of this machine's list of packages, the twenty best of each: by the text index, in this process as an app server of `dev` or an indexer asks it, and by a PostgreSQL of this
/// machine over the same rows, asked over loopback: words by `tsvector` and `ts_rank`, mistyped ones by `pg_trgm`. One question at a time, both in turn in each round.
/// </summary>
internal static class TextBenchmark
{
    private const int Best = 20;
    private const int First = 5;
    private const int Told = 3;

    private static readonly string[] Common = ["library ", "data ", "python ", "for ", "development files ", "perl module ", "the library ", "documentation "];
    private static readonly string[] Begun = ["l", "li", "py", "dev", "d", "c", "text ed", "web s", "postgr", "libr"];
    private static readonly string[] Mistyped = ["developmnet", "pyhton", "libary", "databse", "documentaton", "enviroment", "compresion", "recieve"];

    // As they stand while somebody types: from the fifth letter on they may be mistyped.
    private static readonly string[] MistypedBegun = [.. ((string[])["rabitmq", "thuderbird", "developmnet", "documentaton", "enviroment", "wirehsark", "libary"]).SelectMany(static word => Enumerable.Range(5, word.Length - 5).Select(letters => word[..letters]))];

    private sealed record Kind(string Name, IReadOnlyList<string> Questions, bool IsMistyped);

    private readonly record struct Time(string Question, int Round, TimeSpan Taken, TimeSpan Cpu, TimeSpan Paused, long Bytes);

    public static async Task<int> RunAsync(int rounds)
    {
        var packages = await ListedAsync();
        var (began, before) = (Stopwatch.GetTimestamp(), GC.GetTotalMemory(forceFullCollection: true));
        var searched = new SearchedPackages(packages);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{packages.Count:N0} packages indexed in {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s, {(double)(GC.GetTotalMemory(forceFullCollection: true) - before) / packages.Count:F0} bytes each"));
        var queries = RelevanceQuery.Read(Path.Combine(AppContext.BaseDirectory, "Text", "queries.txt"));
        Console.WriteLine($"{queries.Count(query => searched.Best(query.Text, First).Intersect(query.Accepted).Any())} of {queries.Count} queries find a package that is accepted among the first {First}");
        var heldOut = RelevanceQuery.Read(Path.Combine(AppContext.BaseDirectory, "Text", "heldout.txt"));
        Console.WriteLine($"{heldOut.Count(query => searched.Best(query.Text, First).Intersect(query.Accepted).Any())} of {heldOut.Count} queries that were held out");

        await using var server = await PostgresServer.StartAsync();
        await using var database = NpgsqlDataSource.Create(server.ConnectionString);
        await FillAsync(database, packages);
        string[] wrong = [.. queries.Select(static query => query.Text).Where(text => searched.Best(text + " ", 1).Count > 0 && searched.Ask(text, 1).Figures!.Asked.Any(static word => word.Similar.Count > 0))];
        foreach (var kind in (Kind[])[new("usual", [.. queries.Select(static query => query.Text).Except(wrong)], false), new("common words", Common, false), new("beginnings", Begun, false), new("mistyped", [.. Mistyped, .. wrong], true), new("mistyped begun", MistypedBegun, true)])
        {
            await MeasureAsync(kind, rounds, searched, database);
        }

        return 0;
    }

    private static async Task MeasureAsync(Kind kind, int rounds, SearchedPackages searched, NpgsqlDataSource database)
    {
        var (ours, theirs) = (new List<Time>(), new List<Time>());
        await using var connection = await database.OpenConnectionAsync();
        for (var round = -1; round < rounds; round++) // the first one warms up
        {
            foreach (var question in kind.Questions)
            {
                var own = Timed(question, round, () => searched.Best(question, Best));
                var began = Stopwatch.GetTimestamp();
                await AskAsync(connection, question, kind.IsMistyped);
                if (round >= 0)
                {
                    ours.Add(own);
                    theirs.Add(new Time(question, round, Stopwatch.GetElapsedTime(began), default, default, 0));
                }
            }
        }

        Console.WriteLine($"{kind.Name,-14} {kind.Questions.Count} questions, {rounds} times: index {Shown(ours)}; PostgreSQL {Shown(theirs)}");
        Say($"    of a question of the index: allocated {At(ours.Select(static time => time.Bytes / 1e3), 0.5):F0} KB (p50), {ours.Max(static time => time.Bytes / 1e3):F0} KB at most; paused by collections in {ours.Count(static time => time.Paused > default(TimeSpan))} of {ours.Count}, {ours.Max(static time => time.Paused.TotalMilliseconds):F1} ms at most; CPU of the process p99 {At(ours.Select(static time => time.Cpu.TotalMilliseconds), 0.99):F1} ms");
        foreach (var slowest in ours.OrderByDescending(static time => time.Taken).Take(Told))
        {
            Say($"    slowest: '{slowest.Question}' in round {slowest.Round}: {slowest.Taken.TotalMilliseconds:F1} ms, {slowest.Cpu.TotalMilliseconds:F1} ms of CPU, paused {slowest.Paused.TotalMilliseconds:F1} ms, allocated {slowest.Bytes / 1e3:F0} KB");
        }

        foreach (var question in kind.Questions.OrderByDescending(question => Median(ours, question)).Take(Told))
        {
            Say($"    '{question}': index {Median(ours, question):F2} ms, PostgreSQL {Median(theirs, question):F2} ms, {searched.Ask(question, 1).Count} found");
        }
    }

    /// <summary>What one question took: time, CPU of the whole process, pauses by collections of memory, and bytes allocated.</summary>
    private static Time Timed(string question, int round, Action ask)
    {
        var (cpu, paused, bytes, began) = (Environment.CpuUsage.TotalTime, GC.GetTotalPauseDuration(), GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
        ask();
        var taken = Stopwatch.GetElapsedTime(began);
        return new Time(question, round, taken, Environment.CpuUsage.TotalTime - cpu, GC.GetTotalPauseDuration() - paused, GC.GetAllocatedBytesForCurrentThread() - bytes);
    }

    private static double Median(List<Time> times, string question) => At(times.Where(time => time.Question == question).Select(static time => time.Taken.TotalMilliseconds), 0.5);

    private static double At(IEnumerable<double> numbers, double share)
    {
        var sorted = numbers.Order().ToList();
        return sorted[(int)(sorted.Count * share)];
    }

    private static string Shown(List<Time> times)
    {
        var taken = times.ConvertAll(static time => time.Taken.TotalMilliseconds);
        return string.Create(CultureInfo.InvariantCulture, $"p50 {At(taken, 0.5):F2} ms, p99 {At(taken, 0.99):F2} ms, most {taken.Max():F2} ms");
    }

    private static void Say(FormattableString what) => Console.WriteLine(what.ToString(CultureInfo.InvariantCulture));

    private static async Task AskAsync(NpgsqlConnection connection, string question, bool isMistyped)
    {
        await using var ask = new NpgsqlCommand(
            isMistyped
                ? $"SELECT name FROM packages WHERE $1 <% doc ORDER BY $1 <<-> doc LIMIT {Best}"
                : $"SELECT name FROM packages, to_tsquery('english', $1) q WHERE words @@ q ORDER BY ts_rank(words, q) DESC LIMIT {Best}",
            connection)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = isMistyped ? question : string.Join(" & ", question.Split(' ', StringSplitOptions.RemoveEmptyEntries)) + (question.EndsWith(' ') ? "" : ":*") } },
        };
        await ask.PrepareAsync();
        await using var rows = await ask.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            rows.GetString(0);
        }
    }

    private static async Task FillAsync(NpgsqlDataSource database, List<ListedPackage> packages)
    {
        await ExecuteAsync(
            database,
            """
            CREATE EXTENSION pg_trgm;
            CREATE TABLE packages (name text PRIMARY KEY, description text NOT NULL, doc text GENERATED ALWAYS AS (name || ' ' || description) STORED,
              words tsvector GENERATED ALWAYS AS (setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', description), 'D')) STORED)
            """);
        await using (var connection = await database.OpenConnectionAsync())
        await using (var copy = await connection.BeginBinaryImportAsync("COPY packages (name, description) FROM STDIN (FORMAT binary)"))
        {
            foreach (var (name, description, _) in packages)
            {
                await copy.WriteRowAsync(default, name, description);
            }

            await copy.CompleteAsync();
        }

        await ExecuteAsync(database, "CREATE INDEX ON packages USING gin (words); CREATE INDEX ON packages USING gin (doc gin_trgm_ops)");
        await ExecuteAsync(database, "VACUUM ANALYZE packages");
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>This machine's list, as samples/catalog imports it.</summary>
    private static async Task<List<ListedPackage>> ListedAsync()
    {
        using var script = Process.Start(new ProcessStartInfo("bash", [Path.Combine(Repository.Root, "samples", "catalog", "import.sh"), "--print"]) { RedirectStandardOutput = true })!;
        var packages = new List<ListedPackage>();
        while (await script.StandardOutput.ReadLineAsync() is { } line)
        {
            using var package = JsonDocument.Parse(line);
            packages.Add(new ListedPackage(package.RootElement.GetProperty("name").GetString()!, package.RootElement.GetProperty("description").GetString() ?? "", package.RootElement.GetProperty("recommended").GetInt32()));
        }

        await script.WaitForExitAsync();
        return script.ExitCode == 0 ? packages : throw new InvalidOperationException("There is no list of packages.");
    }
}
