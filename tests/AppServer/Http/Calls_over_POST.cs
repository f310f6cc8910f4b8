using System.Net;
using System.Text;

namespace Mjolnir.AppServer.Tests.Http;

public sealed class Calls_over_POST
{
    [Fact]
    public async Task A_committed_call_is_answered_with_its_result_and_its_id()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.SignedInAsync("alice");
        server.Transactions.Run = static _ => new(FakeTransactions.Committed("""{"balance":7}"""));

        var response = await alice.PostAsync("/_mjolnir/tx/send", TestServer.Text("""{"id":"a\u0041","args":[ 1, "x" ],"inputs":{"to":{"value":"bob"}},"globals":{"g":1},"event":{"type":"click"},"page":"/","partial":true,"later":[1]}"""));

Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("""{"status":"committed","id":"a\u0041","result":{"balance":7}}""", await response.Content.ReadAsStringAsync());
        Assert.Equal("route;dur=0.012, read;dur=0, run;dur=1.500, lock;dur=0.030, log;dur=2", response.Headers.GetValues("Server-Timing").Single());
        Assert.Equal("predicted", response.Headers.GetValues("Mjolnir-Routed").Single());
        var call = Assert.Single(server.Transactions.Calls);
        Assert.Equal("aA", call.Id);
        Assert.Equal("alice", call.Run.User);
        Assert.Equal("[ 1, \"x\" ]", Encoding.UTF8.GetString(call.Run.Args.Span));
        Assert.Equal("""{"to":{"value":"bob"}}""", Encoding.UTF8.GetString(call.Run.Inputs.Span));
        Assert.Equal("""{"g":1}""", Encoding.UTF8.GetString(call.Run.Globals.Span));
        Assert.Equal("""{"type":"click"}""", Encoding.UTF8.GetString(call.Run.Event.Span));
        Assert.Equal("/index.html", call.Run.Page);
        Assert.True(call.Run.Partial);
    }
}
