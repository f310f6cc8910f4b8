using System.Diagnostics;

namespace Mjolnir.Simulation.Tests.Runs;

/// <summary>Runs one seed after another, on as many threads as asked for: each run is on one thread, and what it does depends on its seed alone.</summary>
/// <param name="from">the first seed</param>
/// <param name="count">how many</param>
/// <param name="rule">the rule that they do without; null: all hold</param>
/// <param name="shortening">what each leaves out; null: nothing</param>
internal sealed class SeedRange(long from, long count, string? rule = null, Shortening? shortening = null)
{
    /// <summary>A run takes a part of a second: one that takes this long does not end, in some loop of a single callback.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, string> _failures = [];
    private readonly Dictionary<long, long> _running = [];
    private long _begun;
    private TimeSpan _simulated;
    private long _losses;
    private long _lost;
    private TimeSpan _oldest;

    /// <summary>Told of each run that has ended, one at a time.</summary>
    public Action<SimulationRun, string?> Ended { get; init; } = (_, _) => { };

    /// <summary>Ends with the first failure; the runs that other threads have begun come to their end.</summary>
    public bool StopsAtFailure { get; init; }

    /// <summary>Keeps what happens in each run.</summary>
    public bool IsTraced { get; init; }

    public IReadOnlyDictionary<long, string> Failures => _failures;

    public long Runs { get; private set; }

    public long Operations { get; private set; }

    public long Faults { get; private set; }

    /// <summary>Runs all of them.</summary>
    /// <exception cref="TimeoutException">a seed does not end; its thread is left to itself</exception>
    public void Run(int threads)
    {
        var watch = Stopwatch.StartNew();
        var running = Enumerable.Range(0, threads).Select(_ => new Thread(Work) { IsBackground = true }).ToList();
        running.ForEach(thread => thread.Start());
        foreach (var thread in running)
        {
            while (!thread.Join(Look))
            {
                RequireAnEnd();
            }
        }

        Text = $"{Runs} seeds, {_failures.Count} failed, {Operations} transactions, {Faults} faults, {_simulated.TotalHours:F1} simulated hours{Losses}; {Runs / watch.Elapsed.TotalSeconds:F1} seeds/s";
    }

    /// <summary>What came of all, for people.</summary>
    public string Text { get; private set; } = "";

    private string Losses => _losses == 0 ? "" : $", {_losses} queues lost with {_lost} answers, of which the oldest was given {_oldest.TotalSeconds:F1} s before";

    /// <summary>How much was lost with queues, and how long it had been answered when the first was lost.</summary>
    private void NoteLosses(SimulationRun run)
    {
        if (run.Cluster.Broker.Losses is [var first, ..] losses)
        {
            _losses += losses.Count;
            _lost += run.Lost.Count;
            _oldest = run.Lost.Select(lost => TimeSpan.FromTicks(first.At - lost.Ended)).Append(_oldest).Max();
        }
    }

    private void RequireAnEnd()
    {
        lock (_lock)
        {
            foreach (var (seed, began) in _running)
            {
                if (Stopwatch.GetElapsedTime(began) > Longest)
                {
                    throw new TimeoutException($"Seed {seed} has run for {Longest.TotalMinutes} minutes without an end: something in it loops for ever.");
                }
            }
        }
    }

    private void Work()
    {
        while (Next() is { } seed)
        {
            var run = new SimulationRun(seed, IsTraced, rule is null ? null : RuleSwitch.Without(rule), shortening);
            var failure = run.Run();
            lock (_lock)
            {
                _running.Remove(seed);
                Runs++;
                Operations += run.Recorder.Operations.Count;
                Faults += run.Troubles.Count;
                _simulated += run.Loop.Elapsed;
                NoteLosses(run);
                if (failure is not null)
                {
                    _failures.Add(seed, failure);
                }

                Ended(run, failure);
            }
        }
    }

    private long? Next()
    {
        lock (_lock)
        {
            if (_begun >= count || (StopsAtFailure && _failures.Count > 0))
            {
                return null;
            }

            var seed = from + _begun++;
            _running.Add(seed, Stopwatch.GetTimestamp());
            return seed;
        }
    }
}
