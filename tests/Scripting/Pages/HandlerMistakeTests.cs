using Mjolnir.Scripting.Tests.Applications;

namespace Mjolnir.Scripting.Tests.Pages;

public class HandlerMistakeTests
{
    [Theory]
    [InlineData("<b onclick=\"snd()\">x</b><script>function send() { mjolnir.now(); }</script>", "1:13: no script of this page has a function 'snd' | Did you mean 'send'?")]
    [InlineData("<b onclick=\"a &amp;&amp; send()\">x</b>", "1:26: no script of this page has a function 'send' | Write it, or give the page the script that has it: <script src=\"…\">.")]
    [InlineData("<script src=bnk.js></script>", "1:13: there is no file 'bnk.js' | Did you mean 'bank.js'?")]
    [InlineData("<script>\nfunction send() { mjolnir.table('usrs').find(1); }</script>", "2:33: there is no table 'usrs' | Did you mean 'users'?")]
    [InlineData("<script>function f() { mjolnir.table('users').find('a').balanc = 1; }</script>", "1:57: table 'users' has no column 'balanc' | Did you mean 'balance'?")]
    [InlineData("<script>\n  let x = mjolnir.user;</script>", "2:3: 'let' is newer than ES5, and what uses mjolnir runs on the server as ES5 | Write 'var'.")]
    [InlineData("<script>\nvar f = (a) => mjolnir.now();</script>", "2:13: an arrow function is newer than ES5, and what uses mjolnir runs on the server as ES5 | Write 'function (x) { return …; }'.")]
    [InlineData("<script>mjolnir.abort(`no`);</script>", "1:23: a template string is newer than ES5, and what uses mjolnir runs on the server as ES5 | Write 'text ' + value.")]
    [InlineData("<script>function f() { mjolnir.now( }</script>", "1:37: unexpected token } (a bracket is missing or one too many) | The code must be ES5: what uses mjolnir runs on the server as ES5.")]
    [InlineData("<script type=module>mjolnir.now();</script>", "1:9: a module runs in the browser only, and this one uses mjolnir | Leave out type=\"module\" and write ES5.")]
    [InlineData("<b onclick=\"mjolnir.now(() => 1)\">x</b>", "1:28: an arrow function is newer than ES5, and what uses mjolnir runs on the server as ES5 | Write 'function (x) { return …; }'.")]
    [InlineData("<b onclick=\"f('{{ user }}')\">x</b>", "1:16: a template cannot be part of the code in 'onclick' | A value would become code. Put it into an attribute of its own, data-id=\"{{ … }}\", and read it in the handler: this.dataset.id.")]
    [InlineData("<a href=\"javascript:send()\">x</a><script>function send() { mjolnir.now(); }</script>", "1:10: a 'javascript:' address cannot run on the server | Write href=\"#\" onclick=\"send(); return false\".")]
    [InlineData("<script>document.body.onclick = function () { mjolnir.now(); };</script>", "1:9: a function that runs on the server cannot be assigned to 'onclick' | Write addEventListener('click', …) instead.")]
    [InlineData("<script>function send() { mjolnir.now(); }\nwindow.onload = send;</script>", "2:1: a function that runs on the server cannot be assigned to 'onload' | Write addEventListener('load', …) instead.")]
    [InlineData("<script>\nvar u = mjolnir.table('users').find('a');</script>", "2:9: mjolnir.table is used while the page loads, in the browser | Data can be used in event handlers (onclick=\"…\", addEventListener) and in templates {{ … }}.")]
    [InlineData("<script>function load() { mjolnir.now(); }\nload();</script>", "2:1: 'load' runs on the server, but here the browser calls it without an event | Let an event handler call it, or list it under 'handlers' in mjolnir.json and write mjolnir.call('load', …).")]
    [InlineData("<script>function load() { mjolnir.now(); }\nsetInterval(load, 1000);</script>", "2:13: 'load' runs on the server, but here the browser calls it without an event | Let an event handler call it, or list it under 'handlers' in mjolnir.json and write mjolnir.call('load', …).")]
    [InlineData("<script>(function () { var n = 1;\n addEventListener('click', function () { mjolnir.kv.set('n', n); }); })();</script>", "2:62: this listener runs on the server, where 'n' of the function around it does not exist | Declare 'n' outside of all functions, or inside the listener.")]
    [InlineData("<script>function send() { mjolnir.now(); }\naddEventListener('click', send.bind(null));</script>", "2:27: this listener is made at run time from 'send', which runs on the server, and cannot be recognised | Give the function itself: addEventListener('click', send).")]
    [InlineData("<script src=new.js></script><b onclick=go()>x</b><script>\nfunction go() { mjolnir.kv.set('x', fmt(1)); }</script>", "2:37: 'fmt' is used on the server, but new.js is newer than ES5 and runs in the browser only | Line 1 has 'const'. Write 'var'.")]
    public void Mistakes_are_told_with_file_line_column_and_hint(string html, string expected) =>
        Assert.Equal(["index.html:" + expected], TestFolder.Mistakes(html, ("bank.js", "var x = 1;"), ("new.js", "const y = 1; function fmt(n) { return n; }")));

    [Fact]
    public void A_mistake_in_a_shared_script_is_told_once()
    {
        using var folder = TestFolder.With(("a.html", "<script src=s.js></script>"), ("b.html", "<script src=s.js></script>"), ("s.js", "\n function f() { mjolnir.table('no'); }"));
        Assert.Equal(["s.js:2:31: there is no table 'no' | There are: users."], TestFolder.Lines(folder.Load()));
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("{", "}")]
    [InlineData("!", "")]
    [InlineData("-", "")]
    [InlineData("a?b:", "")]
    [InlineData("a=", "")]
    [InlineData("if(a)", "")]
    [InlineData("if(a)b;else ", "")]
    [InlineData("for(;;)", "")]
    [InlineData("a+", "")]
    [InlineData("a.", "")]
    [InlineData("new ", "")]
    [InlineData("typeof ", "")]
    [InlineData("function(){", "}")]
    [InlineData("a:", "")]
    [InlineData("do ", ";while(0)")]
    [InlineData("f(", ")")]
    [InlineData("try{}finally{", "}")]
    [InlineData("{}+", "")]
    [InlineData("if(a)/'/.x\n[", "]")]
    public void Source_that_is_nested_too_deep_is_told_and_never_overflows(string open, string close)
    {
        var code = "mjolnir.x;" + string.Concat(Enumerable.Repeat(open, 100_000)) + "x" + string.Concat(Enumerable.Repeat(close, 100_000));
        var mistakes = TestFolder.Mistakes($"<script>{code}</script>");
        Assert.Contains(mistakes, mistake => mistake.Contains("the code is nested more than 1000 deep", StringComparison.Ordinal));
    }

    [Fact]
    public void Long_is_not_deep()
    {
        var statements = string.Concat(Enumerable.Range(0, 5000).Select(i => $"if (a{i}) {{ b.c({i}); }} else {{ d = -{i} }}\n"));
        var list = string.Join(",", Enumerable.Range(0, 5000).Select(i => $"{{ n: [{i}], f: function () {{ return !{i}; }} }}"));
        TestFolder.Page($"<script>function send() {{ mjolnir.now(); {statements} }} var list = [{list}];</script><b onclick=send()>x</b>");
    }
}
