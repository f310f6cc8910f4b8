using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Tests.Jint;

/// <summary>What handlers see of the page, and what of their doing goes back to it (docs/design/pages.md).</summary>
public sealed class PageTests
{
    private static readonly PageElement[] Elements =
    [
        ScriptPage.Element("amount", attributes: [("value", "5"), ("name", "amount")]),
        ScriptPage.Element("msg", "p", "hello", ("class", "a b"), ("title", "tip"), ("data-user-id", "7"), ("style", "color: red; background-color: blue")),
        ScriptPage.Element("agree", attributes: [("type", "checkbox"), ("checked", "")]),
        new PageElement("#kind", "select", new Dictionary<string, string> { ["id"] = "kind" }, null, [new("s", "Send"), new("r", "Receive")]),
        new PageElement("#form", "form", new Dictionary<string, string> { ["id"] = "form", ["name"] = "pay" }, null, []),
        new PageElement("@to", "input", new Dictionary<string, string> { ["name"] = "to" }, null, []),
        new PageElement("@speed", "input", new Dictionary<string, string> { ["name"] = "speed", ["type"] = "radio", ["value"] = "slow" }, null, []),
        new PageElement("body>input:nth-of-type(3)", "input", new Dictionary<string, string> { ["name"] = "speed", ["type"] = "radio", ["value"] = "fast" }, null, []),
        ScriptPage.Element("list", "ul", ""),
    ];

    [Theory]
    [InlineData("document.getElementById('amount').value", "\"5\"", """{"inputs":{"amount":["value"]}}""")]
    [InlineData("document.getElementById('agree').checked", "true", """{"inputs":{"agree":["checked"]}}""")]
    [InlineData("document.getElementById('msg').textContent", "\"hello\"", """{"inputs":{"msg":["textContent"]}}""")]
    [InlineData("document.getElementById('msg').innerText", "\"hello\"", """{"inputs":{"msg":["textContent"]}}""")]
    [InlineData("document.getElementById('msg').className", "\"a b\"", """{"inputs":{"msg":["className"]}}""")]
    [InlineData("document.getElementById('msg').classList.contains('b')", "true", """{"inputs":{"msg":["className"]}}""")]
    [InlineData("document.getElementById('msg').style.backgroundColor", "\"blue\"", """{"inputs":{"msg":["style.backgroundColor"]}}""")]
    [InlineData("document.getElementById('msg').getAttribute('title')", "\"tip\"", """{"inputs":{"msg":["@title"]}}""")]
    [InlineData("document.getElementById('msg').dataset.userId", "\"7\"", """{"inputs":{"msg":["@data-user-id"]}}""")]
    [InlineData("document.getElementById('msg').hidden", "false", """{"inputs":{"msg":["hidden"]}}""")]
    [InlineData("document.getElementById('kind').value", "\"s\"", """{"inputs":{"kind":["value"]}}""")]
    [InlineData("document.querySelector('#amount').value", "\"5\"", """{"inputs":{"amount":["value"]}}""")]
    [InlineData("document.querySelector('input[name=to]').value", "\"\"", """{"inputs":{"to":["value"]}}""")]
    [InlineData("document.getElementsByName('to')[0].value", "\"\"", """{"inputs":{"to":["value"]}}""")]
    [InlineData("document.forms.pay.elements.to.value", "\"\"", """{"inputs":{"to":["value"]}}""")]
    [InlineData("document.forms[0].amount.value", "\"5\"", """{"inputs":{"amount":["value"]}}""")]
    [InlineData("document.getElementById('amount').form.id", "\"form\"", "")]
    [InlineData("document.getElementById('nope')", "null", "")]
    [InlineData("document.getElementById('amount') === document.getElementById('amount')", "true", "")]
    [InlineData("document.getElementById('msg').tagName", "\"P\"", "")]
    [InlineData("amount.value", "\"5\"", """{"inputs":{"amount":["value"]}}""")]
    public void What_was_not_shipped_is_as_written_and_every_read_is_told(string expression, string expected, string reads)
    {
        var result = Run("return " + expression + ";");
        Assert.Equal((expected, reads), (ScriptPage.Text(result.Result), ScriptPage.Text(result.Reads)));
    }

    [Fact]
    public void What_was_shipped_counts()
    {
        var result = Run(
            "var k = document.getElementById('kind'); return [amount.value, document.getElementsByName('to')[0].value, k.options[k.selectedIndex].text, k.options.length, document.querySelector('[name=speed]:checked').value];",
            """{"amount":{"value":"9"},"to":{"value":"bob"},"kind":{"selectedIndex":2,"options":[["a","A"],["b","B"],["c","C"]]},"body>input:nth-of-type(3)":{"checked":true}}""");
        Assert.Equal("""["9","bob","C",3,"fast"]""", ScriptPage.Text(result.Result));
    }

    [Theory]
    [InlineData("amount.value = ''; return amount.value;", "\"\"", """{"dom":[["#amount","value",""]]}""")]
    [InlineData("msg.textContent = 'a'; msg.textContent = 'b';", "", """{"dom":[["#msg","textContent","b"]]}""")]
    [InlineData("msg.innerHTML = '<b>x</b> & y'; return msg.textContent;", "\"x & y\"", """{"dom":[["#msg","innerHTML","<b>x</b> & y"]]}""")]
    [InlineData("msg.innerText = 'a<b'; return msg.innerHTML;", "\"a&lt;b\"", """{"dom":[["#msg","textContent","a<b"]]}""")]
    [InlineData("msg.classList.add('c'); msg.classList.remove('a'); return msg.className;", "\"b c\"", """{"dom":[["#msg","class+","c"],["#msg","class-","a"]]}""")]
    [InlineData("return [msg.classList.toggle('a'), msg.classList.toggle('z'), msg.classList.contains('a')];", "[false,true,false]", """{"dom":[["#msg","class-","a"],["#msg","class+","z"]]}""")]
    [InlineData("msg.style.color = 'green'; msg.style.display = 'none'; return msg.style.color;", "\"green\"", """{"dom":[["#msg","style.color","green"],["#msg","style.display","none"]]}""")]
    [InlineData("msg.setAttribute('title', 'x'); msg.removeAttribute('title'); return msg.getAttribute('title');", "null", """{"dom":[["#msg","@title",null]]}""")]
    [InlineData("msg.title = 't'; msg.hidden = true; amount.disabled = 1; agree.checked = false;", "", """{"dom":[["#msg","@title","t"],["#msg","hidden",true],["#amount","disabled",true],["#agree","checked",false]]}""")]
    [InlineData("kind.selectedIndex = 1; return kind.value;", "\"r\"", """{"dom":[["#kind","selectedIndex",1]]}""")]
    [InlineData("kind.value = 'r'; return kind.selectedIndex;", "1", """{"dom":[["#kind","value","r"]]}""")]
    [InlineData("var li = document.createElement('li'); li.className = 'x'; list.appendChild(li); li.textContent = 'a<b'; li.style.fontWeight = 'bold';", "", """{"dom":[["#list","append","<li class=\"x\" style=\"font-weight:bold\">a&lt;b</li>"]]}""")]
    [InlineData("var li = document.createElement('li'); li.appendChild(document.createTextNode('t&')); list.insertBefore(li, list.firstChild); list.prepend('p');", "", """{"dom":[["#list","prepend","<li>t&amp;</li>"],["#list","prepend","p"]]}""")]
    [InlineData("var a = document.createElement('li'); list.appendChild(a); a.remove();", "", "")]
    [InlineData("list.insertAdjacentHTML('beforeend', '<li>x</li>'); msg.remove();", "", """{"dom":[["#list","append","<li>x</li>"],["#msg","remove",null]]}""")]
    [InlineData("alert('hi'); console.log('a', {b: 1}); amount.focus(); document.getElementById('form').reset(); document.forms.pay.submit();", "", """{"effects":[["alert","hi"],["log","a {\"b\":1}"],["focus","#amount"],["reset","#form"],["submit","#form"]]}""")]
    [InlineData("location.href = '/next.html'; window.location = '/b'; location.reload();", "", """{"effects":[["location","/next.html"],["location","/b"],["reload",null]]}""")]
    public void What_a_handler_does_to_the_page_is_told(string body, string result, string changes)
    {
        var run = Run(body);
        Assert.Equal((result, changes), (ScriptPage.Text(run.Result), ScriptPage.Text(run.Changes)));
    }

    [Fact]
    public void A_partial_call_asks_for_all_it_reads_at_once()
    {
        using var page = Page("function f() { return amount.value + msg.textContent + document.getElementsByName('to')[0].value; }");
        var first = page.Run("f", inputs: """{"amount":{"value":"1"}}""", partial: true);
        Assert.Equal(RunStatus.InputMissing, first.Status);
        Assert.Equal("""{"inputs":{"amount":["value"],"msg":["textContent"],"to":["value"]}}""", ScriptPage.Text(first.Reads));
        var second = page.Run("f", inputs: """{"amount":{"value":"1"},"msg":{"textContent":"2"},"to":{"value":"3"}}""", partial: true);
        Assert.Equal("\"123\"", ScriptPage.Text(second.Result));
    }

    [Fact]
    public void A_partial_call_that_guessed_wrong_tells_neither_rows_nor_errors()
    {
        using var page = Page("function f() { var to = amount.value; mjolnir.table('users').find(to).balance = 1; }");
        page.WithUnknownRow("users", "5");
        Assert.Equal(RunStatus.InputMissing, page.Run("f", partial: true).Status);
        using var other = Page("function f() { if (amount.value === '5') throw new Error('guessed'); }");
        Assert.Equal(RunStatus.InputMissing, other.Run("f", partial: true).Status);
    }

    [Fact]
    public void An_element_that_the_page_was_not_written_with_is_asked_for()
    {
        using var page = Page("function f() { var e = document.getElementById('made'); return e && e.value; }");
        var first = page.Run("f", partial: true);
        Assert.Equal((RunStatus.InputMissing, """{"inputs":{"made":["@id"]}}"""), (first.Status, ScriptPage.Text(first.Reads)));
        Assert.Equal("null", ScriptPage.Text(page.Run("f", inputs: """{"made":null}""", partial: true).Result));
        Assert.Equal("\"x\"", ScriptPage.Text(page.Run("f", inputs: """{"made":{"@id":"made","value":"x"}}""", partial: true).Result));
    }

    [Fact]
    public void Globals_come_with_the_call_and_go_back_if_they_changed()
    {
        const string script = "var cart = {items: []}, count = 1, other = 2; var unset; function add() { cart.items.push(count); return [cart.items.length, other, unset === undefined]; }";
        using var page = new ScriptPage(script);
        var result = page.Run("add", globals: """{"cart":{"items":[7,8]},"count":9,"unset":null}""", partial: false);
        Assert.Equal("[3,2,true]", ScriptPage.Text(result.Result));
        Assert.Equal("""{"globals":{"cart":{"items":[7,8,9]}}}""", ScriptPage.Text(result.Changes));
        Assert.Equal("""{"globals":["cart","count","other","unset"]}""", ScriptPage.Text(result.Reads));
        Assert.Equal("""{"globals":{"cart":{"items":[1]}}}""", ScriptPage.Text(page.Run("add").Changes));
        Assert.Equal(RunStatus.InputMissing, page.Run("add", partial: true).Status);
    }

    [Fact]
    public void Assigned_and_new_globals_go_back()
    {
        using var page = new ScriptPage("var a = 1, b = 2; function f() { a = {x: 1}; b = 2; fresh = 'new'; }");
        Assert.Equal("""{"globals":{"a":{"x":1},"fresh":"new"}}""", ScriptPage.Text(page.Run("f").Changes));
    }

    [Fact]
    public void A_global_that_cannot_be_sent_is_an_error()
    {
        using var page = new ScriptPage("var a = 1; function f() { a = {g: function () {}}; }");
        Assert.StartsWith("the global 'a' holds what cannot be sent", page.Run("f").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Shipped_globals_replace_only_the_page_s_data()
    {
        using var page = new ScriptPage("var data = 1; function helper() { return 'mine'; } function f() { return [data, helper(), typeof mjolnir.table, typeof document.getElementById, typeof Array, Math.max(1, 2), String(undefined)]; }");
        var result = page.Run("f", globals: """{"data":5,"helper":"x","mjolnir":1,"document":2,"Array":3,"Math":4,"undefined":5,"f":6}""");
        Assert.Equal("""[5,"mine","function","function","function",2,"undefined"]""", ScriptPage.Text(result.Result));
    }

    [Fact]
    public void Shipped_data_reaches_closures_that_hold_the_same_object()
    {
        using var page = new ScriptPage("var cart = {items: []}; var api = (function (c) { return function () { return c.items.length; }; })(cart); function f() { cart.items.push(1); return api(); }");
        Assert.Equal("3", ScriptPage.Text(page.Run("f", globals: """{"cart":{"items":[1,2]}}""").Result));
    }

    [Fact]
    public void Elements_and_events_arrive_as_arguments()
    {
        using var page = Page("function f(el, e, n) { return [el.value, e.type, e.target.id, e.key, n]; }");
        var result = page.Run("f", """[{"$element":"#amount"},{"$event":true},5]""", told: """{"type":"keydown","target":"#msg","key":"Enter"}""");
        Assert.Equal("""["5","keydown","msg","Enter",5]""", ScriptPage.Text(result.Result));
    }

    [Fact]
    public void Inline_code_has_this_and_event_and_false_prevents()
    {
        using var page = Page("function g(x) { return x; }");
        var result = page.RunInline("g(this.id); event.target.title = event.type; return false;", "#amount", told: """{"type":"click","target":"#amount"}""");
        Assert.Equal("""{"dom":[["#amount","@title","click"]],"prevent":true}""", ScriptPage.Text(result.Changes));
        Assert.Equal("", ScriptPage.Text(page.RunInline("g(1)", "#amount").Changes));
    }

    [Fact]
    public void A_listener_gets_its_event()
    {
        using var page = Page("");
        var result = page.RunListener("function (e) { e.preventDefault(); this.value = e.type; }", """{"type":"submit","target":"#amount"}""");
        Assert.Equal("""{"dom":[["#amount","value","submit"]],"prevent":true}""", ScriptPage.Text(result.Changes));
    }

    [Fact]
    public void Results_are_JSON_or_nothing()
    {
        Assert.Equal("", ScriptPage.Evaluate("return undefined;"));
        Assert.Equal("", ScriptPage.Evaluate("return function () {};"));
        Assert.Equal("", ScriptPage.Evaluate("return document.body;"));
        Assert.Equal("{\"d\":\"1970-01-01T00:00:00.000Z\",\"n\":null}", ScriptPage.Evaluate("return {d: new Date(0), n: NaN, f: function () {}};"));
        Assert.Contains("at most", ScriptPage.RunBody("return 'x'.repeat(2000000);", ScriptLimits.Default with { Timeout = TimeSpan.FromSeconds(20) }).Reason, StringComparison.Ordinal);
    }

    private static ScriptPage Page(string script) => new(script, Elements);

    private static RunResult Run(string body, string inputs = "")
    {
        using var page = Page("function f() {" + body + "\n}");
        var result = page.Run("f", inputs: inputs);
        Assert.True(result.Status == RunStatus.Completed, result.Reason);
        return result;
    }
}
