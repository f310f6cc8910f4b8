using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Tests.Jint;

public sealed class ErrorTests
{
    [Theory]
    [InlineData("throw new Error('broken');", "broken", "2:11")]
    [InlineData("throw 'plain words';", "plain words", "2:5")]
    [InlineData("throw 42;", "42", "2:5")]
    [InlineData("throw null;", "null", "2:5")]
    [InlineData("throw {message: 'as an object'};", "as an object", "2:5")]
    [InlineData("throw {};", "an object without a message was thrown", "2:5")]
    [InlineData("throw {get message() { throw 1; }};", "an object without a message was thrown", "2:5")]
    [InlineData("throw new TypeError('kind');", "TypeError: kind", "2:11")]
    [InlineData("null.x;", "TypeError: Cannot read properties of null (reading 'x')", "2:10")]
    [InlineData("undefined.f();", "TypeError: Cannot read properties of undefined (reading 'f')", "2:15")]
    [InlineData("var o = {}; o.missing();", "TypeError: o.missing is not a function", "2:17")]
    [InlineData("nowhere + 1;", "ReferenceError: nowhere is not defined", "2:5")]
    [InlineData("document.getElementById('gone').value;", "TypeError: Cannot read properties of null (reading 'value')", "2:37")]
    [InlineData("inner();", "deep", "4:26")]
    public void A_thrown_error_is_told_with_its_place(string body, string reason, string place)
    {
        using var page = new ScriptPage("function f() {\n    " + body + "\n}\nfunction inner() { throw new Error('deep'); }");
        var result = page.Run("f");
        Assert.Equal((RunStatus.Aborted, AbortKind.Error, reason), (result.Status, result.AbortKind, result.Reason));
        Assert.Equal("bank.js:" + place, result.Position?.ToString());
    }

    [Fact]
    public void Abort_is_a_refusal_that_no_script_catches()
    {
        var result = ScriptPage.RunBody("try { mjolnir.abort('not enough money'); } catch (e) { return 1; } finally { return 2; }");
        Assert.Equal((RunStatus.Aborted, AbortKind.Refused, "not enough money"), (result.Status, result.AbortKind, result.Reason));
        Assert.Equal("bank.js:1:21", result.Position?.ToString());
    }

    [Fact]
    public void Subclasses_of_Error_tell_their_name()
    {
        var result = ScriptPage.RunBody("function Poor(m) { this.message = m; } Poor.prototype = Object.create(Error.prototype); Poor.prototype.name = 'Poor'; throw new Poor('no money');");
        Assert.Equal("Poor: no money", result.Reason);
    }

    [Fact]
    public void The_place_of_an_inline_script_is_in_its_page()
    {
        using var page = new ScriptPage(
            ScriptLimits.Default,
            [new PageScript("function f() { nope(); }\nfunction g() { nope(); }", "index.html", 12, 11)],
            [],
            []);
        Assert.Equal("index.html:12:26", page.Run("f").Position?.ToString());
        Assert.Equal("index.html:13:16", page.Run("g").Position?.ToString());
    }

    [Fact]
    public void The_place_of_inline_code_is_in_its_attribute()
    {
        using var page = new ScriptPage("");
        Assert.Equal("index.html:7:21", page.RunInline("nope();").Position?.ToString());
        Assert.Equal("index.html:8:3", page.RunInline("var a;\n  nope();").Position?.ToString());
    }

    [Fact]
    public void A_script_that_does_not_parse_is_told_where()
    {
        using var page = new ScriptPage("function f() { return 1; }\nvar x = ;");
        var result = page.Run("f");
        Assert.Equal(AbortKind.Error, result.AbortKind);
        Assert.Contains("SyntaxError", result.Reason, StringComparison.Ordinal);
        Assert.Equal(("bank.js", 2), (result.Position!.File, result.Position.Line));
    }

    [Theory]
    [InlineData("let x = 1;", "let is not part of ES5; use var")]
    [InlineData("with ({}) {}", "with is not supported on the server")]
    [InlineData("/(/.test('')", "Invalid regular expression")]
    public void What_the_server_cannot_honour_is_refused_when_compiled(string body, string reason) =>
        Assert.Contains(reason, ScriptPage.RunBody(body).Reason, StringComparison.Ordinal);

    [Fact]
    public void A_script_that_fails_while_loading_does_not_take_the_others_with_it()
    {
        using var page = new ScriptPage(
            ScriptLimits.Default,
            [new PageScript("nowhere();", "a.js", 1, 1), new PageScript("function f() { return 1; }", "b.js", 1, 1)],
            [],
            []);
        Assert.Equal("1", ScriptPage.Text(page.Run("f").Result));
        Assert.Equal("the function 'g' is not there, since a script of the page failed: ReferenceError: nowhere is not defined", page.Run("g").Reason);
    }

    [Fact]
    public void A_page_that_needs_the_browser_to_load_still_has_its_functions()
    {
        using var page = new ScriptPage("setTimeout(function () {}, 5); localStorage.getItem('x').split(','); window.addEventListener('load', function () {}); document.title = 'x'; navigator.userAgent.match(/x/); new Image().src = 'x'; document.getElementById('a'); mjolnir.onerror = function () {}; fetch('/x').then(function (r) { return r.json(); }); for (var i = 0; i < document.links.length; i++); function f() { return 1; }");
        Assert.Equal("1", ScriptPage.Text(page.Run("f").Result));
    }

    [Theory]
    [InlineData("confirm('sure?');", "confirm()")]
    [InlineData("prompt('name?');", "prompt()")]
    [InlineData("setTimeout(f, 1);", "setTimeout()")]
    [InlineData("localStorage.x = 1;", "assigning localStorage.x")]
    [InlineData("fetch('/x');", "fetch()")]
    [InlineData("new XMLHttpRequest();", "new XMLHttpRequest()")]
    [InlineData("document.cookie;", "document.cookie")]
    [InlineData("document.body.parentNode;", "element.parentNode")]
    [InlineData("document.querySelector('.row');", "the selector '.row'")]
    [InlineData("document.body.addEventListener('click', f);", "element.addEventListener() in a handler")]
    [InlineData("mjolnir.signOut();", "mjolnir.signOut()")]
    public void What_only_a_browser_has_ends_the_run_with_its_place(string body, string what)
    {
        var result = ScriptPage.RunBody("\n" + body);
        Assert.StartsWith("not supported on the server: " + what, result.Reason, StringComparison.Ordinal);
        Assert.Equal(2, result.Position?.Line);
    }

    [Fact]
    public void Testing_for_a_feature_does_not_end_the_run() =>
        Assert.Equal("[\"undefined\",false,true]", ScriptPage.Evaluate("return [typeof document.body.someNewThing, 'someNewThing' in document.body, !document.body.someNewThing];"));

    [Fact]
    public void Nothing_is_run_to_tell_an_error()
    {
        var result = ScriptPage.RunBody("var e = new Error('x'); Object.defineProperty(e, 'message', {get: function () { for (;;); }}); throw e;");
        Assert.Equal((RunStatus.Aborted, AbortKind.Error), (result.Status, result.AbortKind));
    }
}
