using System.Globalization;
using Mjolnir.Simulation.Tests.Runs;

// dotnet run -c Release --project tests/Simulation -- [--from S] [--seeds N] [--threads T] [--rule V4] [--trace] : docs/design/simulation.md
long from = 1, count = 1;
var threads = 1;
var isTraced = false;
string? rule = null;
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
            threads = int.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--rule":
            rule = args[++i];
            break;
        case "--trace":
            isTraced = true;
            break;
        default:
            Console.Error.WriteLine($"usage: [--from FIRST-SEED] [--seeds COUNT] [--threads THREADS] [--trace] [--rule RULE]; ends at the first seed that notices that RULE is switched off: {string.Join(' ', RuleSwitch.Names)}");
            return 2;
    }
}

var seeds = new SeedRange(from, count, rule)
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
