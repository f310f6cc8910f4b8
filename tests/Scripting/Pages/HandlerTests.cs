using System.Text.Json;
using Mjolnir.Scripting.Pages;
using Mjolnir.Scripting.Tests.Applications;

namespace Mjolnir.Scripting.Tests.Pages;

public class HandlerTests
{
    private const string Send = "<script>function send(a) { return mjolnir.now() + a; }</script>";

    [Theory]
    [InlineData("onclick=\"send();\"", "send", "onclick=\"return mjolnir.run(event,'send',[],this)\"")]
    [InlineData("onclick='return send(this, event)'", "send", "onclick=\"return mjolnir.run(event,'send',[this,event],this)\"")]
    [InlineData("ONCLICK=send(1)", "send", "ONCLICK=\"return mjolnir.run(event,'send',[1],this)\"")]
    [InlineData("onclick = \"send(-1.5, 'it\\'s', &quot;a&lt;b&quot;, null, true)\"", "send", "onclick=\"return mjolnir.run(event,'send',[-1.5,'it\\'s','a&lt;b',null,true],this)\"")]
    [InlineData("onclick=\"send(x)\"", "index.html#go.click", "onclick=\"return mjolnir.run(event,'index.html#go.click',[],this)\"")]
    [InlineData("onclick=\"send(); return false\"", "index.html#go.click", "onclick=\"return mjolnir.run(event,'index.html#go.click',[],this)\"")]
    [InlineData("onkeyup=\"mjolnir.table('users').remove('x')\"", "index.html#go.keyup", "onkeyup=\"return mjolnir.run(event,'index.html#go.keyup',[],this)\"")]
    public void An_inline_handler_that_reaches_mjolnir_is_rewritten(string attribute, string name, string served)
    {
        var (application, page) = TestFolder.Page($"<button id=go {attribute} title=t>x</button>{Send}");
        var handler = Assert.Single(application.Handlers).Value;
        Assert.Equal(name, handler.Name);
        Assert.Same(page, handler.Page);
        Assert.Equal(name == "send" ? "send" : null, handler.Function);
        Assert.Equal(name == "send" ? null : "#go", handler.Element);
        Assert.Equal($"<button id=go {served} title=t>x</button>{Send}", page.Text());
    }

    [Theory]
    [InlineData("onclick=\"alert('x')\"")]
    [InlineData("onclick=\"local()\"")]
    [InlineData("onclick=\"mjolnir.signOut()\"")]
    [InlineData("onclick=\"let x = () => 1\"")]
    [InlineData("onclick=\"this.form.submit()\"")]
    [InlineData("onclick=\"\"")]
    [InlineData("onclick")]
    public void A_handler_that_never_touches_mjolnir_stays_as_it_is(string attribute)
    {
        var html = $"<button {attribute}>x</button><script>function local() {{ document.title = 'x'; }}\nfunction send() {{ mjolnir.now(); }}</script>";
        var (application, page) = TestFolder.Page(html);
        Assert.Empty(application.Handlers);
        Assert.Equal(html, page.Text());
        Assert.Empty(page.Scripts);
    }

    [Theory]
    [InlineData("function a() { b(); } function b() { c(); } function c() { mjolnir.now(); }")]
    [InlineData("var a = function () { return mjolnir.user; };")]
    [InlineData("a = function () { return [1].map(function () { return mjolnir.user; }); };")]
    [InlineData("window.a = function () { window.mjolnir.kv.get('x'); };")]
    [InlineData("function a() { [1].forEach(b); } function b() { mjolnir.now(); }")]
    [InlineData("function a() { function inner() { mjolnir.now(); } inner(); }")]
    [InlineData("function a() { var inner = function () { mjolnir.now(); }; inner(); }")]
    [InlineData("function a() { bank.send(); } var bank = { send: function () { mjolnir.now(); } };")]
    [InlineData("function a() { bank.send(); } var bank = (function () { function s() { mjolnir.now(); } return { send: s }; })();")]
    [InlineData("function a() { new Thing().go(); } function Thing() {} Thing.prototype.go = function () { mjolnir.now(); };")]
    public void A_function_reaches_mjolnir_by_name(string script)
    {
        var (application, page) = TestFolder.Page($"<button onclick=a()>x</button><script>{script}</script>");
        Assert.Equal("a", Assert.Single(application.Handlers).Key);
        Assert.Single(page.Scripts);
    }

    [Theory]
    [InlineData("function a() { var mjolnir = { now: function () {} }; mjolnir.now(); }")]
    [InlineData("function a() { function inner() { mjolnir.now(); } }")]
    [InlineData("function a(b) { b(); } function b() { mjolnir.now(); }")]
    [InlineData("function a() { x.b(); x.mjolnir = 1; return { mjolnir: 2 }; } function b() { mjolnir.now(); }")]
    [InlineData("function a() { el.addEventListener('click', function () { mjolnir.now(); }); }")]
    public void Other_things_of_the_same_name_do_not_count(string script)
    {
        var (application, _) = TestFolder.Page($"<button onclick=a()>x</button><script>{script}</script>");
        Assert.DoesNotContain("a", application.Handlers.Keys);
    }

    [Fact]
    public void A_named_listener_is_known_by_the_hash_of_its_text()
    {
        const string Function = "function send(e) { mjolnir.now(); }";
        var (application, page) = TestFolder.Page($"<button id=b>x</button><script>{Function}\ndocument.getElementById('b').addEventListener('click', send);</script>");
        Assert.Equal(("send", "send"), (application.Handlers["send"].Name, application.Handlers["send"].Function));
        Assert.Null(application.Handlers["send"].ListenerSource);
        Assert.Equal("send", Listeners(page)[Hash(Function)]);
    }

    [Theory]
    [InlineData("b.addEventListener('click', FUNCTION);")]
    [InlineData("document.addEventListener('DOMContentLoaded', function () { var x = 1; b.addEventListener('click', FUNCTION, false); });")]
    [InlineData("(function () { on('click', FUNCTION); function on(type, f) { b.addEventListener(type, f); } })();")]
    [InlineData("window.onload = function () { b.addEventListener('click', FUNCTION); };")]
    [InlineData("[1, 2].forEach(function (n) { addEventListener('click', FUNCTION); });")]
    [InlineData("(function () { var go = FUNCTION; b.addEventListener('click', go); })();")]
    [InlineData("var shop = { go: FUNCTION }; b.addEventListener('click', shop.go);")]
    public void A_listener_without_a_global_name_is_named_by_its_hash_wherever_it_stands(string script)
    {
        const string Function = "function (e) {\n  // ä\n  mjolnir.now();\n}";
        var (application, page) = TestFolder.Page($"<script>var b = document.body;\r\n{script.Replace("FUNCTION", Function.ReplaceLineEndings("\r\n"), StringComparison.Ordinal)}</script>");
        var name = "index.html#listener:" + Hash(Function);
        Assert.Equal(Function, application.Handlers[name].ListenerSource);
        Assert.Null(application.Handlers[name].Function);
        Assert.Equal(new Dictionary<string, string> { [Hash(Function)] = name }, Listeners(page));
        Assert.Single(application.Handlers);
    }

    [Fact]
    public void A_script_file_keeps_its_line_ends_in_the_hash()
    {
        const string Function = "function send() {\r\n  mjolnir.now();\r\n}";
        var (_, page) = TestFolder.Page("<script src='js/a.js?v=1'></script>", ("js/a.js", Function + "\r\naddEventListener('x', send)"));
        Assert.Equal("send", Listeners(page)[Hash(Function)]);
    }

    [Fact]
    public void The_hash_is_the_published_fnv_of_the_code_units_bytes()
    {
        // FNV-1a, 32 bits, of the bytes 61 00: from the reference parameters, by hand: ((offset ^ 61) * prime ^ 0) * prime.
        var expected = unchecked(((2166136261u ^ 0x61) * 16777619u) * 16777619u);
        Assert.Equal(expected.ToString("x8", System.Globalization.CultureInfo.InvariantCulture), Mjolnir.Scripting.Pages.Analysis.SourceHash.Of("a"));
    }

    [Fact]
    public void Globals_are_the_page_state_that_a_handler_can_reach()
    {
        var (application, page) = TestFolder.Page("""
            <button onclick="send()">x</button>
            <script>
              var cart = {}, unused = 1, helper = function () { return rate; };
              var rate;
              function send() { last = mjolnir.now(); touch(); return helper(); }
              function touch() { cart.x = count; }
              function other() { count = 1; window.flag = 2; }
            </script>
            """);
        Assert.Equal(["cart", "count", "last", "rate"], application.Handlers["send"].Globals);
        Assert.Equal("""{"send":{"globals":["cart","count","last","rate"]}}""", JsonDocument.Parse(page.Manifest()).RootElement.GetProperty("handlers").GetRawText());
    }

    [Fact]
    public void Only_what_pages_fire_and_the_manifest_lists_can_be_called()
    {
        using var folder = TestFolder.With(
            ("index.html", "<button onclick=send()>x</button><script src=a.js></script>"),
            ("other.html", "<script src=a.js></script>"),
            ("third.html", "<a onclick=send()>y</a><script src=/a.js></script>"),
            ("a.js", "function send() { inner(); } function inner() { mjolnir.now(); } function listed() { return 1; }"));
        folder.Write("mjolnir.json", """{"name":"shop","handlers":{"listed":{"allow":"everyone"}}}""");
        var application = folder.LoadRight();
        Assert.Equal(["listed", "send"], application.Handlers.Keys.Order());
        Assert.Equal(["/index.html", "/third.html"], application.Handlers["send"].Pages.Select(page => page.Path));
        Assert.Equal(3, application.Handlers["listed"].Pages.Count);
        Assert.Equal("a.js:1:1", application.Handlers["send"].Position.ToString());
    }

    [Fact]
    public void An_inline_handler_without_id_is_named_by_name_or_path()
    {
        var (application, _) = TestFolder.Page("<div><p>a<p onclick=\"x(); mjolnir.now()\">b</div><input name=q oninput=\"mjolnir.now();1\"><svg onclick=\"mjolnir.now();2\"></svg><script>function x() {}</script>");
        Assert.Equal(
            ["index.html#body>div:nth-of-type(1)>p:nth-of-type(2).click", "index.html#body>svg:nth-of-type(1).click", "index.html#q.input"],
            application.Handlers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("@q", application.Handlers["index.html#q.input"].Element);
        Assert.Equal("x(); mjolnir.now()", application.Handlers["index.html#body>div:nth-of-type(1)>p:nth-of-type(2).click"].InlineCode);
    }

    [Fact]
    public void Code_is_never_taken_for_that_of_another_element()
    {
        var (application, page) = TestFolder.Page("<b id=a onclick='mjolnir.now();1'>x</b><b id=a onclick='mjolnir.now();2'>x</b><template><b id=a onclick='mjolnir.now();3'>x</b></template><template><i onclick='mjolnir.now();4'>x</i></template><body onclick='mjolnir.now();5'>");
        Assert.Equal(5, application.Handlers.Count);
        Assert.Equal(Enumerable.Range(1, 5).Select(n => $"mjolnir.now();{n}"), application.Handlers.Values.Select(handler => handler.InlineCode!).Order(StringComparer.Ordinal));
        Assert.All(application.Handlers.Keys, name => Assert.Contains($"'{name}'", page.Text()));
        Assert.Equal(["#a", "#a", "body", null, null], application.Handlers.Values.Select(handler => handler.Element).OrderBy(element => element ?? "z", StringComparer.Ordinal));
    }

    [Fact]
    public void A_large_page_is_ready_soon()
    {
        var rows = string.Concat(Enumerable.Range(0, 4000).Select(i => $"<tr><td onclick=\"send({i}); mjolnir.now()\">{{{{ user }}}}<td title='{{{{ user }}}}'>x"));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var folder = TestFolder.With(("index.html", $"<table>{rows.Replace(" title='{{ user }}'", "", StringComparison.Ordinal)}</table><script>function send() {{}}</script>"));
        Assert.Equal(4000, folder.LoadRight().Handlers.Count);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed.TotalSeconds} s; a second is usual on a quiet machine");
    }

    [Fact]
    public void A_library_that_only_the_browser_uses_does_not_run_on_the_server()
    {
        var (_, page) = TestFolder.Page(
            "<script src=lib.js></script><script src=modern.js></script><script src=rate.js></script><script src=https://x.example/y.js></script><script>function send() { return mjolnir.now() * rate; }</script><b onclick=send()>x</b>",
            ("lib.js", "var lib = { go: function () { document.write(''); } };"),
            ("modern.js", "const f = async () => { await import('./x.js'); };"),
            ("rate.js", "var rate = 3;"));
        Assert.Equal(["rate.js", "index.html"], page.Scripts.Select(script => script.File));
    }

    [Fact]
    public void An_inline_script_knows_its_place()
    {
        var (application, page) = TestFolder.Page("<p>\r\n<p><script>\r\n  function send() { mjolnir.now(); }</script><b onclick=send()>x</b>");
        var script = Assert.Single(page.Scripts);
        Assert.Equal(("index.html", 2, 12), (script.File, script.FirstLine, script.FirstColumn));
        Assert.Equal("index.html:3:3", application.Handlers["send"].Position.ToString());
    }

    [Fact]
    public void Elements_are_described_as_written()
    {
        var (_, page) = TestFolder.Page("""
            <input id="a" value="v{{ user }}" type=checkbox checked><textarea name=t>
            one {{ user }}</textarea><select id=s><option>x<option selected value=2> two  words </select><p id=p>Hi <b>you</b></p><div id=d><p>x</p></div><input name=t value=second>
            """);
        var elements = page.Elements.ToDictionary(element => element.Reference);
        Assert.Equal(["#a", "#d", "#p", "#s", "@t"], elements.Keys.Order(StringComparer.Ordinal).Where(key => key[0] is '#' or '@'));
        Assert.Equal("v", elements["#a"].Attributes["value"]);
        Assert.True(elements["#a"].Attributes.ContainsKey("checked"));
        Assert.Equal("one ", elements["@t"].Text);
        Assert.Equal([KeyValuePair.Create("x", "x"), KeyValuePair.Create("2", "two words")], elements["#s"].Options);
        Assert.Equal("2", elements["#s"].Attributes["value"]);
        Assert.Equal("Hi you", elements["#p"].Text);
        Assert.Null(elements["#d"].Text);
    }

    private static string Hash(string text) => Mjolnir.Scripting.Pages.Analysis.SourceHash.Of(text);

    private static Dictionary<string, string> Listeners(Page page) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(JsonDocument.Parse(page.Manifest()).RootElement.GetProperty("listeners").GetRawText())!;
}
