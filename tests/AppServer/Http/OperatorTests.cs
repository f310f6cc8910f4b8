using System.Net;
using System.Net.Http.Headers;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Sessions;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>Health, metrics, status, and where the server may listen.</summary>
public sealed class OperatorTests
{
    [Fact]
    public async Task Health_tells_live_from_ready()
    {
        var ready = false;
        await using var server = await TestServer.StartAsync(settings => settings.IsReady = () => ready);
        using var client = server.Client();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/_mjolnir/health")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/_mjolnir/health/live")).StatusCode);
        ready = true;
        Assert.Equal("""{"live":true,"ready":true}""", await client.GetStringAsync("/_mjolnir/health"));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/_mjolnir/health/ready")).StatusCode);
    }

    [Fact]
    public async Task Metrics_count_what_was_answered()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        await client.PostAsync("/_mjolnir/tx/open", TestServer.Text("{}"));
        await client.PostAsync("/_mjolnir/tx/send", TestServer.Text("{}"));

        var text = await server.MetricsAsync(client);

        Assert.Contains("\nmjolnir_transactions_total{status=\"committed\"} 1\n", text);
        Assert.Contains("\nmjolnir_http_refused_total 1\n", text);
        Assert.Contains("\nmjolnir_test 1.5\n", text);
        Assert.Contains("\nmjolnir_transaction_seconds_bucket{le=\"0.005\"} 1\n", text);
        Assert.Contains("\nmjolnir_transaction_seconds_bucket{le=\"+Inf\"} 1\n", text);
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.True(line.StartsWith("# ", StringComparison.Ordinal) || line.StartsWith("mjolnir_", StringComparison.Ordinal), line));
    }

    [Fact]
    public async Task Each_server_of_the_process_is_told_by_name()
    {
        await using var cluster = await Peers.PeerCluster.StartAsync();
        await cluster.A.To(cluster.B).RunAsync(Peers.PeerCluster.Transfer("x", "y", 1), CancellationToken.None);
        var writer = new PrometheusWriter();

        StackMetrics.Write(writer, [cluster.A.Server, cluster.B.Server]);
        StackMetrics.Write(writer, cluster.A.Links);
        var text = writer.ToString();

        Assert.Contains("\nmjolnir_stack_committed_total{stack=\"A\"} 0\nmjolnir_stack_committed_total{stack=\"B\"} 1\n", text);
        Assert.Contains("\nmjolnir_peer_calls_passed_total 1\n", text);
        Assert.Equal(text.Split('\n').Count(line => line.StartsWith("# TYPE", StringComparison.Ordinal)), text.Split('\n').Where(line => line.StartsWith("# TYPE", StringComparison.Ordinal)).Distinct().Count());
    }

    /// <summary>A full shard was told as "Too much to do; try again", and the import did so for two minutes.</summary>
    [Fact]
    public async Task Rows_that_are_refused_are_refused_with_the_reason()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", SecretsFile.Load(Path.Combine(server.Folder, SecretsFile.FileName)).StatusToken);
        server.Transactions.BuiltInRefusal = "The cache shard has no room for more data.";

        using var response = await client.PostAsync("/_mjolnir/rows/_kv", TestServer.Text("""{"key":"a","value":1}"""));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("Not all rows were written: The cache shard has no room for more data.\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_and_metrics_need_the_token_also_on_loopback()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/_mjolnir/status")).StatusCode);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "wrong");
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/_mjolnir/status")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/_mjolnir/metrics")).StatusCode);

        var secrets = SecretsFile.Load(Path.Combine(server.Folder, SecretsFile.FileName));
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secrets.StatusToken);

        Assert.Equal("""{"ready":true,"rows":7}""", await client.GetStringAsync("/_mjolnir/status"));
    }

    [Fact]
    public void Open_sign_in_refuses_to_listen_where_others_reach_it()
    {
        var options = new AppServerHttpOptions
        {
            Router = new FakeTransactions(),
            Applications = new ApplicationSlot(TestApplication.Make()),
            SecretsFolder = Path.GetTempPath(),
            SignIn = SignInMode.Open,
            Address = IPAddress.Any,
        };

        Assert.Throws<ArgumentException>(() => new AppServerHttp(options));
    }
}
