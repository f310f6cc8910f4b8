using Mjolnir.Benchmarks;
using Mjolnir.Benchmarks.Cluster;
using Mjolnir.Cli.Bench;

return args switch
{
    ["audit", ..] => await AuditBenchmark.RunAsync(TimeSpan.FromSeconds(args.Length > 1 ? Whole(args[1]) : 5), args.Length > 2 ? Whole(args[2]) : 7, TimeSpan.FromSeconds(args.Length > 3 ? Whole(args[3]) : 1)),
    ["committer", ..] => await CommitterBenchmark.RunAsync(TimeSpan.FromSeconds(args.Length > 1 ? Whole(args[1]) : 5)),
    ["index", ..] => IndexBenchmark.Run(args.Length > 1 ? Whole(args[1]) : 1_000_000),
    ["passing", ..] => await PassingBenchmark.RunAsync(TimeSpan.FromSeconds(args.Length > 1 ? Whole(args[1]) : 4)),
    ["scripts", ..] => ScriptBenchmark.Run(args.Length > 1 ? Whole(args[1]) : 5),
    ["text", ..] => await TextBenchmark.RunAsync(args.Length > 1 ? Whole(args[1]) : 20),
    ["store", var rows, ..] => await StoreBenchmark.RunAsync(Whole(rows), args[2..]),
    ["proxy", ..] => await ProxyBenchmark.RunAsync(args.Length > 1 ? Whole(args[1]) : 5, args.Length > 2 ? Whole(args[2]) : 3),
    ["proxy-backend" or "proxy-yarp" or "proxy-ours", ..] => await ProxyBenchmark.ServeAsync(args[0], args.ElementAtOrDefault(1)),
    ["cluster", var seconds, var stacks, "rate", var each] => await new ClusterBenchmark(Whole(seconds), Whole(stacks), accounts: 100_000, clients: 32 * Whole(stacks), rate: Whole(each) * Whole(stacks)).RunAsync(["cluster"]),
    ["cluster", var seconds, var stacks, .. var parts] => await new ClusterBenchmark(Whole(seconds), Whole(stacks), accounts: 100_000, clients: 64, rate: 0).RunAsync(parts),
    ["travel", ..] => await TravelBenchmark.RunAsync(args.Length > 1 ? Whole(args[1]) : 1_000_000, TimeSpan.FromSeconds(args.Length > 2 ? Whole(args[2]) : 10)),
    ["bare"] => await ServeAsync(BareEndpoint.RunAsync),
    ["postgres-peer", var connection] => await ServeAsync((listening, cancellation) => PostgresPeer.RunAsync(connection, listening, cancellation)),
    ["memcached"] => await MemcachedBenchmark.RunAsync(),
    _ => Usage(),
};

static int Whole(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

static async Task<int> ServeAsync(Func<Action<string>, CancellationToken, Task> serve)
{
    using var stop = new CancellationTokenSource();
    using var terminated = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });
    await serve(address => Console.Out.WriteLine(ChildServer.ListeningWord + address), stop.Token);
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine("Benchmarks: audit [SECONDS [ROUNDS [PAUSE-SECONDS]]] | committer [SECONDS] | index [ROWS] | passing [SECONDS] | scripts [ROUNDS] | text [ROUNDS] | store ROWS [folder | s3 | distant] | proxy [SECONDS [ROUNDS]] | cluster SECONDS STACKS [rate TRANSFERS-PER-STACK | [cluster] [bare] [postgres]] | memcached | travel [ROWS [SECONDS]]");
    return 2;
}
