using System.Globalization;
using Mjolnir.Simulation.Tests.Runs;

// dotnet run -c Release --project tests/Simulation -- [--from S] [--seeds N] [--threads T] [--rule V4] [--trace] [--shrink] : docs/design/simulation.md
long from = 1, count = 1;
var threads = 1;
var (isTraced, isShrunk) = (false, false);
string? rule = null;
var shortening = new Shortening();
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--from":
            from = long.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--seeds":
            count = long.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--threads":
            threads = Number(args[++i]);
            break;
        case "--rule":
            rule = args[++i];
            break;
        case "--trace":
            isTraced = true;
            break;
        case "--shrink":
            isShrunk = true;
            break;
        case "--operations":
            shortening = shortening with { Operations = Number(args[++i]) };
            break;
        case "--faults":
            shortening = shortening with { Faults = Number(args[++i]) };
            break;
        case "--skip":
            shortening = shortening with { Skipped = args[++i].Split(',').Select(Number).ToHashSet() };
            break;
        case "--fair":
            shortening = shortening with { Fair = args[++i].Split(',').ToHashSet(StringComparer.Ordinal) };
            break;
        default:
            Console.Error.WriteLine($"""
                usage: [--from FIRST-SEED] [--seeds COUNT] [--threads THREADS] [--trace] [--rule RULE] [--shrink] [--operations N] [--faults N] [--skip FAULT,...] [--fair WEATHER,...]
                --rule ends at the first seed that notices that RULE is switched off: {string.Join(' ', RuleSwitch.Names)}
                --shrink leaves out of the run of the first seed what it fails without, and says by which of the other options to see the rest
                WEATHER: {string.Join(' ', Shortening.Kinds)}
                """);
            return 2;
    }
}

if (isShrunk)
{
    var shrinking = new Shrinking(from, rule);
    var shorter = shrinking.Shrink();
    Console.WriteLine(shrinking.Failure is { } found
        ? $"{shrinking.Runs} runs; the shortest that fails: --from {from}{(rule is null ? "" : $" --rule {rule}")}{shorter.Arguments} --trace\n{found}"
        : $"Seed {from} does not fail.");
    return shrinking.Failure is null ? 1 : 0;
}

var seeds = new SeedRange(from, count, rule, shortening)
{
    IsTraced = isTraced,
    StopsAtFailure = rule is not null,
    Ended = (run, failure) =>
    {
        if (isTraced)
        {
            Console.WriteLine(run.Trace.Text);
        }

        if (failure is not null)
        {
            Console.WriteLine($"{(rule is null ? "" : $"without {rule}, ")}seed {run.Loop.Seed}: {failure}");
        }
    },
};
seeds.Run(threads);
Console.WriteLine(seeds.Text);
return (seeds.Failures.Count > 0) == (rule is not null) ? 0 : 1;

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
