using Mjolnir.Benchmarks;

return args switch
{
    ["committer", ..] => await CommitterBenchmark.RunAsync(TimeSpan.FromSeconds(args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 5)),
    ["scripts", ..] => ScriptBenchmark.Run(args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 5),
    ["store", var rows, ..] => await StoreBenchmark.RunAsync(int.Parse(rows, System.Globalization.CultureInfo.InvariantCulture), args[2..]),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Benchmarks: committer [SECONDS] | scripts [ROUNDS] | store ROWS [folder | s3 | distant]");
    return 2;
}
