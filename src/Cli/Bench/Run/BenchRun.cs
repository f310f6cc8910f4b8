using System.Diagnostics;
using System.Net;
using Mjolnir.Cli.Bench.Bank;
using Mjolnir.Cli.Bench.Load;
using Mjolnir.Cli.Status;

namespace Mjolnir.Cli.Bench.Run;

/// <summary>
/// One run: 1. a bank with generated accounts, 2. the real server as a child, 3. load, 4. add up the money through the server, 5. stop it, add up what is stored,
/// 6. the same load on a bare endpoint.
/// </summary>
internal sealed class BenchRun(BenchOptions options, IBenchScreen screen)
{
    public async Task<BenchResult> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("mjolnir-bench-");
        try
        {
            return options.Url is { } url ? await DriveRunningAsync(url, cancellationToken) : await DriveChildAsync(folder.FullName, cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task<BenchResult> DriveChildAsync(string folder, CancellationToken cancellationToken)
    {
        var (app, data) = (Path.Combine(folder, "bank"), Path.Combine(folder, "data"));
        screen.Say($"Making a bank with {options.Users:N0} accounts ...");
        BankFolder.Write(app, options.Users);
        screen.Say("Starting the server, which writes them ...");
        LoadFigures load;
        ServerCost? cost;
        long served;
        TimeSpan ready;
        await using (var server = await ChildServer.StartAsync(
            ["dev", app, "--data", data, "--port", "0", "--sign-in", "open", "--stacks", $"{options.Stacks}", "--no-reload", "--no-rate-limit"], cancellationToken))
        {
            ready = server.StartTime;
            using var client = new BankClient(server.Url, DataFolder.StatusToken(data));
            var cookies = await client.SignInAsync(options.Clients, cancellationToken);
            (load, cost) = await DriveAsync("transfers", server.EndPoint, cookies, client, cancellationToken);
            served = await AddUpAsync(client, cookies[0], cancellationToken);
            if (!await server.StopAsync())
            {
                throw new FailureException("the server did not stop cleanly");
            }
        }

        screen.Say("Adding up what is stored ...");
        var stored = await StoredMoney.AddUpAsync(data, cancellationToken);
        var bare = await DriveBareAsync(cancellationToken);
        return new BenchResult(options, load, cost, new MoneyCheck(options.Users * BankAccounts.FirstBalance, served, stored), bare, ready, DateTimeOffset.UtcNow);
    }

    private async Task<BenchResult> DriveRunningAsync(Uri url, CancellationToken cancellationToken)
    {
        using var client = new BankClient(url, statusToken: null);
        var cookies = await client.SignInAsync(options.Clients, cancellationToken);
        var addresses = await Dns.GetHostAddressesAsync(url.Host, cancellationToken);
        var before = await AddUpAsync(client, cookies[0], cancellationToken);
        var (load, cost) = await DriveAsync("transfers", new IPEndPoint(addresses[0], url.Port), cookies, client, cancellationToken);
        var after = await AddUpAsync(client, cookies[0], cancellationToken);
        return new BenchResult(options, load, cost, new MoneyCheck(before, after, null), await DriveBareAsync(cancellationToken), null, DateTimeOffset.UtcNow);
    }

    /// <summary>Adds up all accounts, and says how far it is where that takes a while.</summary>
    private Task<long> AddUpAsync(BankClient client, string? cookie, CancellationToken cancellationToken)
    {
        screen.Say("Adding up the accounts through the server ...");
        var said = Stopwatch.GetTimestamp();
        return client.AddUpAsync(
            options.Users,
            cookie,
            counted =>
            {
                if (Stopwatch.GetElapsedTime(said) >= BenchLimits.SayAgain)
                {
                    screen.Say($"... {counted:N0} of {options.Users:N0}");
                    said = Stopwatch.GetTimestamp();
                }
            },
            cancellationToken);
    }

    /// <summary>The same client, connections and seconds against an endpoint that only parses.</summary>
    private async Task<LoadFigures> DriveBareAsync(CancellationToken cancellationToken)
    {
        await using var bare = await ChildServer.StartAsync(["bench", "bare"], cancellationToken);
        var (load, _) = await DriveAsync("bare endpoint", bare.EndPoint, new string?[options.Clients], null, cancellationToken);
        return load;
    }

    private async Task<(LoadFigures Load, ServerCost? Cost)> DriveAsync(
        string what, IPEndPoint server, IReadOnlyList<string?> cookies, BankClient? client, CancellationToken cancellationToken)
    {
        var duration = TimeSpan.FromSeconds(options.Seconds);
        using var load = new LoadClient(new Load.Load([server], cookies, options.Users, options.Skew, BenchLimits.WarmUp, duration, options.Seed, options.Rate));
        StatusFigures? before = null;
        var driving = Task.Factory.StartNew(
            () => load.Run(() => before = client?.StatusAsync(cancellationToken).GetAwaiter().GetResult(), cancellationToken),
            cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await screen.FollowAsync(what, load.Figures, BenchLimits.WarmUp + duration, driving);
        await driving;
        cancellationToken.ThrowIfCancellationRequested();
        var after = client is null ? null : await client.StatusAsync(cancellationToken);
        return (load.Figures, before is null || after is null ? null : ServerCosts.Between(before, after));
    }
}
