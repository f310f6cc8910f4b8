using System.Diagnostics;
using System.Globalization;
using Mjolnir.Simulation.Tests.Runs;

// dotnet run -c Release --project tests/Simulation -- [--from S] [--seeds N] [--rule V4] [--trace] : docs/design/simulation.md
long from = 1, count = 1;
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
        case "--rule":
            rule = args[++i];
            break;
        case "--trace":
            isTraced = true;
            break;
        default:
            Console.Error.WriteLine($"usage: [--from FIRST-SEED] [--seeds COUNT] [--trace] [--rule RULE]; ends at the first seed that notices that RULE is switched off: {string.Join(' ', RuleSwitch.Names)}");
            return 2;
    }
}

var watch = Stopwatch.StartNew();
long failed = 0, operations = 0, troubles = 0;
for (var seed = from; seed < from + count; seed++)
{
    var run = new SimulationRun(seed, isTraced, rule is null ? null : RuleSwitch.Without(rule));
    var failure = run.Run();
    operations += run.Recorder.Operations.Count;
    troubles += run.Troubles.Count;
    if (isTraced)
    {
        Console.WriteLine(run.Trace.Text);
    }

    if (failure is not null)
    {
        failed++;
        Console.WriteLine($"{(rule is null ? "" : $"without {rule}, ")}seed {seed}: {failure}");
        if (rule is not null)
        {
            return 0;
        }
    }
}

Console.WriteLine($"{count} seeds, {failed} failed, {operations} transactions, {troubles} faults; {count / watch.Elapsed.TotalSeconds:F1} seeds/s");
return failed == 0 && rule is null ? 0 : 1;
