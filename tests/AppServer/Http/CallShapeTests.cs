using System.Net;
using System.Text.Json;

namespace Mjolnir.AppServer.Tests.Http;

/// <summary>What a call's body may look like, and how large it may be.</summary>
public sealed class CallShapeTests
{
    private const string Open = "/_mjolnir/tx/open";

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("1")]
    [InlineData("\"x\"")]
    [InlineData("{} {}")]
    [InlineData("{},")]
    [InlineData("{\"args\":{}}")]
    [InlineData("{\"args\":[1,]}")]
    [InlineData("{\"args\":[01]}")]
    [InlineData("{\"args\":[NaN]}")]
    [InlineData("{\"args\":\"x\"}")]
    [InlineData("{\"inputs\":[]}")]
    [InlineData("{\"globals\":1}")]
    [InlineData("{\"event\":[]}")]
    [InlineData("{\"partial\":\"yes\"}")]
    [InlineData("{\"page\":5}")]
    [InlineData("{\"id\":5}")]
    [InlineData("{\"id\":\"\\ud800\"}")]
    [InlineData("{\"page\":\"\\udc00\"}")]
    [InlineData("{\"n\":\"1\"}")]
    [InlineData("{\"a\":1 // x\n}")]
    [InlineData("\u0000")]
    public async Task Malformed_bodies_are_400(string body)
    {
        await using var server = await TestServer.StartAsync();

        var (code, text) = await CallTests.PostAsync(server, Open, body);

        Assert.Equal(400, code);
        Assert.Equal("refused", JsonDocument.Parse(text).RootElement.GetProperty("status").GetString());
        Assert.Empty(server.Transactions.Calls);
    }

    [Fact]
    public async Task Invalid_UTF8_and_deep_nesting_are_400()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();
        var broken = new ByteArrayContent([.. "{\"args\":[\""u8, 0xC3, 0x28, .. "\"]}"u8]);
        broken.Headers.ContentType = new("application/json");

        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsync(Open, broken)).StatusCode);
        Assert.Equal(400, (await CallTests.PostAsync(server, Open, $"{{\"args\":{new string('[', 64)}{new string(']', 64)}}}")).Code);
        Assert.Equal(200, (await CallTests.PostAsync(server, Open, $"{{\"args\":{new string('[', 63)}{new string(']', 63)}}}")).Code);
        Assert.Equal(400, (await CallTests.PostAsync(server, Open, new string('[', 100_000))).Code);
    }

    [Fact]
    public async Task Sizes_and_counts_have_limits()
    {
        await using var server = await TestServer.StartAsync();
        var largest = $"{{\"args\":[\"{new string('x', AppServerLimits.BodyBytes - 13)}\"]}}";
        Assert.Equal(AppServerLimits.BodyBytes, largest.Length);

        Assert.Equal(200, (await CallTests.PostAsync(server, Open, largest)).Code);
        Assert.Equal(413, (await CallTests.PostAsync(server, Open, largest + " ")).Code);
        Assert.Equal(413, await PostChunkedAsync(server, largest + " "));
        Assert.Equal(200, await PostChunkedAsync(server, largest));
        Assert.Equal(200, (await CallTests.PostAsync(server, Open, JsonSerializer.Serialize(new { id = new string('é', 64) }))).Code);
        Assert.Equal(400, (await CallTests.PostAsync(server, Open, JsonSerializer.Serialize(new { id = new string('é', 65) }))).Code);
        Assert.Equal(400, (await CallTests.PostAsync(server, Open, Many("inputs", AppServerLimits.Inputs + 1))).Code);
        Assert.Equal(200, (await CallTests.PostAsync(server, Open, Many("inputs", AppServerLimits.Inputs))).Code);
        Assert.Equal(400, (await CallTests.PostAsync(server, Open, Many("globals", AppServerLimits.Globals + 1))).Code);
        Assert.Equal(400, (await CallTests.PostAsync(server, Open, JsonSerializer.Serialize(new { page = new string('p', 5000) }))).Code);
    }

    [Theory]
    [InlineData("text/plain", 400)]
    [InlineData("application/x-www-form-urlencoded", 400)]
    [InlineData("multipart/form-data", 400)]
    [InlineData("application/jsonp", 400)]
    [InlineData("application/json", 200)]
    [InlineData("Application/JSON", 200)]
    public async Task Only_JSON_is_taken_for_JSON(string type, int expected)
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.Client();

        Assert.Equal(expected, (int)(await client.PostAsync(Open, TestServer.Text("{}", type))).StatusCode);
    }

    private static async Task<int> PostChunkedAsync(TestServer server, string body)
    {
        using var client = server.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, Open) { Content = TestServer.Text(body) };
        request.Headers.TransferEncodingChunked = true;
        return (int)(await client.SendAsync(request)).StatusCode;
    }

    private static string Many(string name, int count)
        => $"{{\"{name}\":{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"i{i}\":{{}}"))}}}}}";
}
