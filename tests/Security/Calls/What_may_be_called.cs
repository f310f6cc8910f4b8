using Mjolnir.Security.Tests.Target;

namespace Mjolnir.Security.Tests.Calls;

/// <summary>Nothing runs but handlers that the application has, for those who may.</summary>
public sealed class What_may_be_called(Site site) : IClassFixture<Site>
{
    [Theory]
    [InlineData("__proto__")]
    [InlineData("constructor")]
    [InlineData("prototype")]
    [InlineData("toString")]
    [InlineData("hasOwnProperty")]
    [InlineData("valueOf")]
    [InlineData("eval")]
    [InlineData("Function")]
    [InlineData("mjolnir.kv.set")]
    [InlineData("kvSet.call")]
    [InlineData("kvSet()")]
    [InlineData("PING")]
    [InlineData("ping ")]
    [InlineData(" ping")]
    [InlineData("ping/")]
    [InlineData("../tx/ping")]
    [InlineData("_users")]
    [InlineData("index.html#body.click")]
    [InlineData("\u0440ing")]
    [InlineData("x")]
    public async Task What_is_no_handler_is_not_found_over_POST_and_WebSocket(string name)
    {
        foreach (var url in site.Both)
        {
            using var visitor = site.Stranger(url);
            var answer = await visitor.PostAsync("/_mjolnir/tx/" + Uri.EscapeDataString(name), new { args = new[] { "k", "v" } });
            Assert.Contains(answer.Code, new[] { 404, 400 });

            var (socket, _) = await visitor.LiveAsync();
            using (socket)
            {
                await Visitor.SayAsync(socket, $$"""{"type":"tx","n":1,"handler":{{System.Text.Json.JsonSerializer.Serialize(name)}},"args":["k","v"]}""");
                Assert.Equal(404, (await Visitor.NextAsync(socket)).GetProperty("code").GetInt32());
            }
        }
    }

    [Fact]
    public async Task Who_may_not_call_is_told_so_and_nothing_happens()
    {
        using var nobody = site.Stranger();
        using var bob = await site.SignedUpAsync("bob");
        using var ada = await site.SignedUpAsync("ada");
        foreach (var handler in (string[])["ofAda", "ofTellers"])
        {
            Assert.Equal(401, (await nobody.CallAsync(handler)).Code);
            Assert.Equal(403, (await bob.CallAsync(handler)).Code);
            var (socket, _) = await bob.LiveAsync();
            using (socket)
            {
                await Visitor.SayAsync(socket, $$"""{"type":"tx","n":1,"handler":"{{handler}}"}""");
                Assert.Equal(403, (await Visitor.NextAsync(socket)).GetProperty("code").GetInt32());
            }
        }

        Assert.Equal("null", (await nobody.CallAsync("kvGet", "ada")).Result ?? "null");
        Assert.Equal("null", (await nobody.CallAsync("kvGet", "till")).Result ?? "null");
        Assert.Equal(200, (await ada.CallAsync("ofAda")).Code);
        Assert.Equal(200, (await ada.CallAsync("ofTellers")).Code);
    }

    [Theory]
    [InlineData("__proto__")]
    [InlineData("constructor")]
    [InlineData("toString")]
    [InlineData("_users")]
    [InlineData("_tx")]
    [InlineData("_kv")]
    [InlineData("_seed")]
    [InlineData("notes/../_users")]
    [InlineData("notes/x")]
    [InlineData("NOTES")]
    [InlineData("")]
    [InlineData(null)]
    public async Task Tables_are_those_of_the_application(string? table)
    {
        using var victim = await site.SignedUpAsync("table-" + Guid.NewGuid().ToString("N"));
        using var visitor = site.Stranger();

        var answer = await visitor.CallAsync("anyTable", table, "ada");

        Assert.Equal(409, answer.Code);
        Assert.DoesNotContain("result", answer.Text);
    }

    [Fact]
    public async Task Names_of_the_language_are_ordinary_names_in_what_callers_send()
    {
        using var visitor = site.Stranger();

        var answer = await visitor.SendAsync(HttpMethod.Post, "/_mjolnir/tx/merge", new StringContent("""{"args":[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"x":1}]}""", System.Text.Encoding.UTF8, "application/json"));

        Assert.Equal(200, answer.Code);
        Assert.Equal("null", answer.Json.GetProperty("result")[1].GetRawText());
        Assert.Equal("[null,null,[]]", (await visitor.CallAsync("merge", new { })).Result);
        foreach (var key in (string[])["__proto__", "constructor", "hasOwnProperty"])
        {
            await visitor.CallAsync("kvSet", key, new { polluted = 1 });
            Assert.Equal("{\"polluted\":1}", (await visitor.CallAsync("kvGet", key)).Result);
            Assert.Equal("null", (await visitor.CallAsync("kvGet", "polluted")).Result);
        }
    }
}
