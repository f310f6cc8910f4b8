using System.Diagnostics;
using Mjolnir.Running;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>Stopping is held against the clock, so nothing else may run meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeasuredAlone
{
    public const string Name = "measured alone";
}

/// <summary>Stopping the front.</summary>
[Collection(MeasuredAlone.Name)]
public sealed class StopTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Stopping_takes_less_than_two_seconds_with_calls_and_WebSockets_open() =>
        Assert.InRange(await Quickest.OfAsync(Limit, StoppingAsync), TimeSpan.Zero, Limit);

    private static async Task<TimeSpan> StoppingAsync()
    {
        var server = await TestServer.StartAsync();
        using var client = server.Client();
        using var live = await server.LiveAsync();
        var never = new TaskCompletionSource<Transactions.TransactionAnswer>();
        var begun = new TaskCompletionSource();
        server.Transactions.Run = _ =>
        {
            begun.SetResult();
            return new(never.Task);
        };
        var call = client.PostAsync("/_mjolnir/tx/open", TestServer.Text("{}"));
        await begun.Task;
        var began = Stopwatch.GetTimestamp();

        await server.Http.StopAsync(CancellationToken.None);

        var took = Stopwatch.GetElapsedTime(began);
        await Assert.ThrowsAnyAsync<Exception>(() => call);
        await server.DisposeAsync();
        return took;
    }
}
