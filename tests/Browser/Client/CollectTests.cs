using System.Text.Json.Nodes;
using static Mjolnir.Browser.Tests.Client.FakePage;

namespace Mjolnir.Browser.Tests.Client;

/// <summary>What is shipped: all fields at first, then what the handler was seen to read.</summary>
public sealed class CollectTests(Chromium chromium) : ClientTest(chromium)
{
    private static readonly string Button = $"""<button type="button" id="go" onclick="{Run("send")}">go</button>""";

    [Fact]
    public async Task The_first_call_ships_all_fields_but_passwords_and_files()
    {
        await OpenAsync(new(Button + """
            <input id="to" value="bob"><textarea name="text">hi</textarea><input value="nameless"><input type="checkbox" id="box" checked>
            <select id="pick"><option value="a">A<option value="b" selected>B</select><input type="password" id="secret" value="x"><input type="file" id="file">
            """));
        await Page.ClickAsync("#go");
        var call = await Server.NextCallAsync();
        Assert.Equal(
            """{"to":{"value":"bob"},"text":{"value":"hi"},"box":{"value":"on","checked":true},"pick":{"value":"b","selectedIndex":1}}""",
            call.Inputs.ToJsonString());
        Assert.True((bool)call.Message["partial"]!);
        Assert.Equal("/index.html", (string?)call.Message["page"]);
        Assert.Equal("""{"type":"click","target":"#go","key":null}""", call.Message["event"]!.ToJsonString());
    }

    [Fact]
    public async Task Later_calls_ship_what_the_handler_was_seen_to_read()
    {
        await OpenAsync(new(Button + """<input id="to" value="bob"><input id="other"><p id="msg">hello</p>""") { Script = "var cart = [1], spare = 2;", Globals = { ["send"] = ["cart", "spare"] } });
        await Page.ClickAsync("#go");
        var first = await Server.NextCallAsync();
        Assert.Equal("""{"cart":[1],"spare":2}""", first.Globals.ToJsonString());
        first.Commit(reads: FakeCall.Reads(new JsonObject { ["#to"] = new JsonArray("value"), ["#msg"] = new JsonArray("textContent") }, "cart"));
        await Page.ClickAsync("#go");
        var second = await Server.NextCallAsync();
        Assert.Equal("""{"to":{"value":"bob"},"msg":{"textContent":"hello"}}""", second.Inputs.ToJsonString());
        Assert.Equal("""{"cart":[1]}""", second.Globals.ToJsonString());
    }

    [Fact]
    public async Task What_the_server_needs_is_shipped_with_the_same_id()
    {
        await OpenAsync(new(Button + """
            <p id="box" class="a b" title="t" hidden style="color: red">text <b>bold</b></p><select id="pick"><option value="1">One</select><input type="password" name="secret" value="pw"><section><i>deep</i></section>
            """));
        await Page.ClickAsync("#go");
        var first = await Server.NextCallAsync();
        first.Need(new JsonObject
        {
            ["box"] = new JsonArray("textContent", "innerHTML", "className", "@title", "hidden", "style.color"),
            ["pick"] = new JsonArray("options"),
            ["@secret"] = new JsonArray("value"),
            ["body>section:nth-of-type(1)>i:nth-of-type(1)"] = new JsonArray("textContent"),
        });
        var second = await Server.NextCallAsync();
        Assert.Equal(first.Id, second.Id);
        Assert.Equal(
            """{"textContent":"text bold","innerHTML":"text <b>bold</b>","className":"a b","@title":"t","hidden":true,"style.color":"red"}""",
            second.Inputs["box"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal("""[["1","One"]]""", second.Inputs["pick"]!["options"]!.ToJsonString());
        Assert.Equal("pw", second.Value("secret"));
        Assert.Equal("deep", (string?)second.Inputs["body>section:nth-of-type(1)>i:nth-of-type(1)"]!["textContent"]);
    }

    [Fact]
    public async Task What_the_page_does_not_have_is_shipped_as_null()
    {
        await OpenAsync(new(Button) { Script = "var nothing, ring = {}; ring.self = ring;", Globals = { ["send"] = ["nothing", "ring"] } });
        await Page.ClickAsync("#go");
        var first = await Server.NextCallAsync();
        Assert.Equal("{}", first.Globals.ToJsonString());
        first.Need(new JsonObject { ["#gone"] = new JsonArray("value"), ["#go"] = new JsonArray("options") }, "nothing", "ring");
        var second = await Server.NextCallAsync();
        Assert.Equal("""{"go":{"options":null},"gone":null}""", Sorted(second.Inputs));
        Assert.Equal("""{"nothing":null,"ring":null}""", second.Globals.ToJsonString());
    }

    [Fact]
    public async Task A_handler_that_needs_without_end_is_given_up()
    {
        await OpenAsync(new(Button));
        await Page.ClickAsync("#go");
        for (var round = 0; round < 9; round++) (await Server.NextCallAsync()).Need(new JsonObject { [$"#field{round}"] = new JsonArray("value") });
        await Assertions.Expect(Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("The handler asks for more and more of the page.");
        Assert.True(Server.IsQuiet);
    }

    [Fact]
    public async Task Literal_arguments_the_element_and_the_event_are_shipped()
    {
        await OpenAsync(new($"""<p><button type="button" onclick="{Run("send", "1,'two',null,this,event")}">go</button></p>"""));
        await Page.ClickAsync("button");
        Assert.Equal(
            """[1,"two",null,{"$element":"body>p:nth-of-type(1)>button:nth-of-type(1)"},{"$event":true}]""",
            (await Server.NextCallAsync()).Message["args"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    private static string Sorted(JsonObject inputs) =>
        new JsonObject(inputs.OrderBy(input => input.Key, StringComparer.Ordinal).Select(input => KeyValuePair.Create(input.Key, input.Value?.DeepClone()))).ToJsonString();
}
