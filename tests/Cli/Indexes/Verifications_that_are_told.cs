using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Mjolnir.Cli.Roles;
using Mjolnir.Cli.Transfer;
using Mjolnir.Cli.Verify;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary><c>verify</c> waits as long as an indexer tells how far it is, and no longer; the indexer is made up.</summary>
public sealed class Verifications_that_are_told
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Take_as_long_as_they_take()
    {
        var found = await AskAsync(async response =>
        {
            for (var i = 0; i < 8; i++)
            {
                await TellAsync(response, """{"table":"events","read":1,"rows":8}""");
                await Task.Delay(Silence / 4);
            }

            await TellAsync(response, """{"found":{"table":"events","rows":8,"entries":8,"pages":1,"differences":0,"first":[]}}""");
            await TellAsync(response, """{"isDone":true}""");
        });

        Assert.Equal("events", Assert.Single(found).Table);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_an_indexer_that_falls_silent_are_given_up_and_it_is_named(bool hasBegun)
    {
        var failure = await Assert.ThrowsAsync<FailureException>(() => AskAsync(async response =>
        {
            if (hasBegun)
            {
                await TellAsync(response, """{"table":"events","read":1,"rows":8}""");
            }

            await Task.Delay(Timeout.Infinite, response.HttpContext.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }).WaitAsync(Patience));

        Assert.Equal("indexer s1 has told nothing for 2 s", failure.Message);
    }

    private static async Task<List<Indexer.Verifying.VerifiedTable>> AskAsync(Func<HttpResponse, Task> tellAsync)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.Zero);
        await using var indexer = builder.Build();
        indexer.MapPost(IndexerHttp.Verifications, (HttpContext context) => tellAsync(context.Response));
        await indexer.StartAsync();
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        return await ClusterVerification.VerifyAsync(http, "s1", indexer.Urls.Single(), withUnique: false, Silence, new TransferProgress(), CancellationToken.None);
    }

    private static async Task TellAsync(HttpResponse response, string line)
    {
        await response.WriteAsync(line + "\n");
        await response.Body.FlushAsync();
    }
}
