using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Benchmarks;

/// <summary>What a two-row transfer costs in the engine, all included: arguments from JSON, the handler, encoding both rows, putting everything back. And what a new realm costs.</summary>
internal sealed class ScriptBenchmark : IRowSource
{
    private const int RunsPerRound = 100_000;
    private const int Realms = 200;

    private const string Bank = """
        function transfer(from, to, amount) {
          if (typeof amount !== 'number' || !(amount > 0) || Math.floor(amount) !== amount) mjolnir.abort('whole numbers above zero');
          var sender = mjolnir.table('users').find(from), receiver = mjolnir.table('users').find(to);
          if (!sender || !receiver) mjolnir.abort('no such account');
          if (sender.balance < amount) mjolnir.abort('not enough money');
          sender.balance -= amount;
          receiver.balance += amount;
          return sender.balance;
        }
        """;

    private readonly Dictionary<RowKey, Document> _rows = [];

    private ScriptBenchmark()
    {
        foreach (var name in new[] { "alice", "bob" })
        {
            RowKey.TryCreate("bank", "users", name, out var key);
            _rows.Add(key, Document.FromText($$"""{"name":"{{name}}","balance":1000000000}"""));
        }
    }

    public static int Run(int rounds)
    {
        var benchmark = new ScriptBenchmark();
        var bank = Application();
        var engine = new JintScriptEngine(ScriptLimits.Default);
        for (var round = 0; round < rounds; round++)
        {
            var (micros, bytes) = benchmark.Round(engine, bank, RunsPerRound);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"transfer  {micros:F2} µs  {bytes:F0} bytes allocated"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"new realm  {benchmark.NewRealms(bank):F0} µs"));
        return 0;
    }

    public bool TryRead(RowKey key, out Document? row) => _rows.TryGetValue(key, out row);

    private (double Micros, double Bytes) Round(JintScriptEngine engine, Application bank, int runs)
    {
        var args = """["alice","bob",5]"""u8.ToArray();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < runs; i++)
        {
            var call = new HandlerCall { Application = bank, Handler = bank.Handlers["transfer"], User = "alice", Args = args, Seed = new TransactionSeed(i, (ulong)i) };
            if (engine.Run(call, this).Writes.Count != 2)
            {
                throw new InvalidOperationException("the transfer did not write two rows");
            }
        }

        return (watch.Elapsed.TotalMicroseconds / runs, (double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / runs);
    }

    /// <summary>Compiled programs are shared, so this is what each further lane pays per page.</summary>
    private double NewRealms(Application bank)
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < Realms; i++)
        {
            Round(new JintScriptEngine(ScriptLimits.Default), bank, 1);
        }

        return watch.Elapsed.TotalMicroseconds / Realms;
    }

    private static Application Application()
    {
        Column[] columns = [new("name", ColumnType.String), new("balance", ColumnType.Integer)];
        var users = new TableSchema("users", "name", columns.ToFrozenDictionary(c => c.Name), columns, null);
        var page = new Page { Path = "/index.html", Literals = [default], Slots = [], Templates = [], Scripts = [new PageScript(Bank, "bank.js", 1, 1)], Elements = [] };
        var transfer = new Handler
        {
            Name = "transfer",
            Allow = new Allow(true, false, new HashSet<string>(), new HashSet<string>()),
            Page = page,
            Pages = [page],
            Function = "transfer",
            Position = new SourcePosition("bank.js", 1, 1),
            Globals = [],
        };
        return new Application
        {
            Name = "bank",
            Version = "1",
            Tables = new[] { users }.ToFrozenDictionary(t => t.Name),
            Handlers = new[] { transfer }.ToFrozenDictionary(h => h.Name),
            Pages = new[] { page }.ToFrozenDictionary(p => p.Path),
            Assets = FrozenDictionary<string, Asset>.Empty,
            Roles = FrozenDictionary<string, FrozenSet<string>>.Empty,
            Seeds = FrozenDictionary<string, IReadOnlyList<SeedRow>>.Empty,
        };
    }
}
