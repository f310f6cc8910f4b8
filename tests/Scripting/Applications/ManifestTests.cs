namespace Mjolnir.Scripting.Tests.Applications;

public class ManifestTests
{
    [Theory]
    [InlineData("{\"name\":\"shop\",\"tabels\":{}}", "mjolnir.json:1:16: 'tabels' is not known in mjolnir.json | Did you mean 'tables'?")]
    [InlineData("{\"name\":\"shop\",\n \"daemons\":{}}", "mjolnir.json:2:2: 'daemons' is not supported yet in this version | Remove it: it would have no effect.")]
    [InlineData("{\"name\":\"Shop\"}", "mjolnir.json:1:9: 'Shop' cannot be an application's name | Lower-case letters, digits and '-', beginning with a letter, at most 32 characters: it is part of every row's key.")]
    [InlineData("{\"name\":3}", "mjolnir.json:1:9: 'name' must be a string, not a number | Lower-case letters, digits and '-', beginning with a letter, at most 32 characters: it is part of every row's key.")]
    [InlineData("{}", "mjolnir.json:1:1: 'name' is missing | Add \"name\": \"my-app\". Lower-case letters, digits and '-', beginning with a letter, at most 32 characters: it is part of every row's key.")]
    [InlineData("[]", "mjolnir.json:1:1: mjolnir.json must be an object, not an array | Start with {\"name\": \"…\", \"tables\": {}}.")]
    [InlineData("{\"name\":\"shop\",\"tables\":[]}", "mjolnir.json:1:25: 'tables' must be an object, not an array | Write \"tables\": { … }.")]
    [InlineData("{\"name\":\"shop\",\"name\":\"x\"}", "mjolnir.json:1:16: 'name' is given twice | Remove one of them.")]
    [InlineData("{\"name\":\"shop\",\"roles\":{\"teller\":\"alice\"}}", "mjolnir.json:1:34: role 'teller' must be a list, not a string | List the users who have it: [\"alice\"].")]
    [InlineData("{\"name\":\"shop\",\"roles\":{\"teller\":[\"alice\",3]}}", "mjolnir.json:1:43: role 'teller' may hold only names, not a number | List the users who have it: [\"alice\"].")]
    public void Mistakes_of_the_top_level_are_told(string manifest, string expected) => Assert.Equal([expected], Mistakes(manifest));

    [Theory]
    [InlineData("{\n // no\n}", "mjolnir.json:2:2: this is not JSON: '/' is invalid after a value. Expected either ',', '}', or ']' | JSON has no comments: remove it.")]
    [InlineData("{\"name\":\"shop\",}", "mjolnir.json:1:16: this is not JSON: The JSON object contains a trailing comma at the end which is not supported in this mode. Change the reader options | Remove the comma before the closing bracket.")]
    [InlineData("{\"name\":'shop'}", "mjolnir.json:1:9: this is not JSON: ''' is an invalid start of a value | Write strings in double quotes.")]
    [InlineData("{\"name\":\"shop\"", "mjolnir.json:1:15: this is not JSON: Expected depth to be zero at the end of the JSON payload. There is an open JSON object or array that should be closed | The file ends too early: a bracket or quote is not closed.")]
    [InlineData("{\"näme\":\"ü\" \"x\":1}", "mjolnir.json:1:13: this is not JSON: '\"' is invalid after a value. Expected either ',', '}', or ']' | A comma may be missing before this.")]
    public void What_is_no_json_is_told_with_its_place(string manifest, string expected) => Assert.Equal([expected], Mistakes(manifest));

    [Theory]
    [InlineData("{\"_t\":{\"key\":\"a\",\"columns\":{\"a\":\"string\"}}}", "1:26: the table's name '_t' begins with '_' | Names that begin with '_' are the system's own: choose another.")]
    [InlineData("{\"a-b\":{\"key\":\"a\",\"columns\":{\"a\":\"string\"}}}", "1:26: 'a-b' cannot be a table's name | Letters, digits and '_', at most 48 characters.")]
    [InlineData("{\"t\":{\"key\":\"a\",\"columns\":{\"a\":\"int\"}}}", "1:56: column 'a': 'int' is no type | Did you mean 'integer'?")]
    [InlineData("{\"t\":{\"key\":\"a\",\"columns\":{\"a\":\"strng\"}}}", "1:56: column 'a': 'strng' is no type | Did you mean 'string'?")]
    [InlineData("{\"t\":{\"key\":\"b\",\"columns\":{\"a\":\"string\"}}}", "1:37: the key column 'b' is not among the columns | Did you mean 'a'?")]
    [InlineData("{\"t\":{\"key\":\"a\",\"columns\":{\"a\":\"json\"}}}", "1:37: the key column 'a' must be a string or an integer | Keys are compared exactly; other types cannot be.")]
    [InlineData("{\"t\":{\"columns\":{\"a\":\"string\"}}}", "1:26: table 't' has no 'key' | Add \"key\": the name of the column that tells rows apart.")]
    [InlineData("{\"t\":{\"key\":\"a\",\"columns\":{\"a\":\"string\"},\"search\":{\"fields\":{\"a\":1},\"fuzzy\":3}}}", "1:101: 'fuzzy' must be true or false, not a number | Write it without quotes.")]
    [InlineData("{\"t\":{\"key\":\"a\",\"columns\":{\"a\":\"string\"},\"sed\":\"x\"}}", "1:66: 'sed' is not known in table 't' | Did you mean 'seed'?")]
    [InlineData("{\"t\":{\"key\":\"a\",\"columns\":{\"a\":\"string\"},\"seed\":\"x.json\"}}", "1:73: there is no file 'x.json' | Create it: a JSON array of rows.")]
    [InlineData("{\"t\":{\"key\":\"a\",\"columns\":{\"a\":\"string\"},\"seed\":3}}", "1:73: 'seed' must be the name of a file | Write \"seed\": \"users.json\".")]
    public void Mistakes_of_tables_are_told(string tables, string expected) =>
        Assert.Equal(["mjolnir.json:" + expected], Mistakes("{\"name\":\"shop\",\"tables\":" + tables + "}"));

    [Theory]
    [InlineData("{\"sned\":{}}", "1:28: no page has a function or handler 'sned' | Did you mean 'send'?")]
    [InlineData("{\"send\":{\"alow\":\"everyone\"}}", "1:36: 'alow' is not known in handler 'send' | Did you mean 'allow'?")]
    [InlineData("{\"send\":{\"allow\":\"everybody\"}}", "1:44: 'everybody' is nothing that 'allow' can be | Did you mean \"everyone\"? Write \"everyone\", \"signed-in\", a list of users [\"alice\", \"bob\"], or of roles [\"role:teller\"].")]
    [InlineData("{\"send\":{\"allow\":[\"role:teler\"]}}", "1:45: there is no role 'teler' | Did you mean 'teller'?")]
    [InlineData("{\"send\":{\"allow\":3}}", "1:44: 'allow' must be a list, not a number | Write \"everyone\", \"signed-in\", a list of users [\"alice\", \"bob\"], or of roles [\"role:teller\"].")]
    [InlineData("{\"send\":\"everyone\"}", "1:35: handler 'send' must be an object, not a string | Write {\"allow\": \"signed-in\"}.")]
    public void Mistakes_of_handlers_are_told(string handlers, string expected)
    {
        using var folder = TestFolder.With(("index.html", "<button onclick=send()>x</button><script>function send() { mjolnir.now(); }</script>"));
        folder.Write("mjolnir.json", "{\"name\":\"shop\",\"handlers\":" + handlers + ",\"roles\":{\"teller\":[\"alice\"]}}");
        Assert.Equal(["mjolnir.json:" + expected], TestFolder.Lines(folder.Load()));
    }

    [Fact]
    public void What_is_declared_is_what_the_application_has()
    {
        using var folder = TestFolder.With(("index.html", "<button onclick=send()>x</button><script>function send() { mjolnir.now(); } function pay() {} function list() {}</script>"));
        folder.Write("mjolnir.json", """
            { "name": "shop-2", "roles": { "teller": ["alice", "bob"] },
              "tables": { "t": { "key": "id", "columns": { "id": "integer", "n": "number", "s": "string", "b": "boolean", "j": "json", "w": "time" } } },
              "handlers": { "pay": { "allow": ["role:teller", "carol"] }, "list": { "allow": "everyone" } } }
            """);
        var application = folder.LoadRight();
        Assert.Equal("shop-2", application.Name);
        Assert.Equal(["id:Integer", "n:Number", "s:String", "b:Boolean", "j:Json", "w:Time"], application.Tables["t"].ColumnOrder.Select(c => $"{c.Name}:{c.Type}"));
        Assert.Equal("id", application.Tables["t"].Key);
        Assert.Equal(["alice", "bob"], application.Roles["teller"].Order());
        var pay = application.Handlers["pay"].Allow;
        Assert.Equal((false, false, "carol", "teller"), (pay.Everyone, pay.SignedIn, Assert.Single(pay.Users), Assert.Single(pay.Roles)));
        Assert.True(application.Handlers["list"].Allow.Everyone);
        var send = application.Handlers["send"].Allow;
        Assert.True(send is { SignedIn: true, Everyone: false });
    }

    [Fact]
    public void All_mistakes_come_at_once_in_file_order()
    {
        using var folder = TestFolder.With(("a.html", "<p>{{ usr }}</p>\n<p>{{ 1 + }}</p>"));
        folder.Write("mjolnir.json", "{\"name\":\"X\",\"a\":1,\"tables\":{\"t\":{\"key\":\"k\",\"columns\":{\"k\":\"json\"}}}}");
        Assert.Equal(["mjolnir.json:1:9", "mjolnir.json:1:13", "mjolnir.json:1:40", "a.html:1:7", "a.html:2:10"], folder.Load().Diagnostics.Select(d => d.Position.ToString()));
    }

    private static string[] Mistakes(string manifest)
    {
        using var folder = new TestFolder();
        folder.Write("mjolnir.json", manifest);
        return TestFolder.Lines(folder.Load());
    }
}
