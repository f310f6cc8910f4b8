using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Scripting.Tests.Jint;

/// <summary>Ways out of the language that others' engines had: none leads to code from text, to the machine, to what another run sees, or past a limit.</summary>
public sealed class EscapeTests
{
    /// <summary>Every way to a function's constructor; each gets the text of a program.</summary>
    public static TheoryData<string> Constructors =>
    [
        "({}).constructor.constructor(P)()",
        "[].constructor.constructor(P)()",
        "''.constructor.constructor(P)()",
        "(1).constructor.constructor(P)()",
        "true.constructor.constructor(P)()",
        "/x/.constructor.constructor(P)()",
        "Math.constructor.constructor(P)()",
        "JSON.constructor.constructor(P)()",
        "new Date().constructor.constructor(P)()",
        "new Error().constructor.constructor(P)()",
        "mjolnir.constructor.constructor(P)()",
        "mjolnir.table('users').constructor.constructor(P)()",
        "mjolnir.table.constructor(P)()",
        "mjolnir.kv.get.constructor(P)()",
        "document.constructor.constructor(P)()",
        "document.getElementById.constructor(P)()",
        "window.constructor.constructor(P)()",
        "arguments.constructor.constructor(P)()",
        "console.log.constructor(P)()",
        "new Map().forEach.constructor(P)()",
        "Object.getOwnPropertyDescriptor(Object.getPrototypeOf(function () {}), 'constructor').value(P)()",
        "Object.getPrototypeOf(Object.getPrototypeOf(function () {}).constructor).constructor(P)()",
        "Function.prototype.call.call(Function, null, P)()",
        "Function.prototype.apply.call(Function, null, [P])()",
        "Function.bind(null, P)()()",
        "[P].map(Function)[0]()",
        "P.replace(/.+/, Function)()",
        "JSON.parse('[1]', Function)",
        "Reflect.construct(Function, [P])()",
        "Reflect.apply(Function, null, [P])()",
        "new Proxy(Function, {})(P)()",
        "new (new Proxy(Function, {}))(P)()",
        "Symbol.constructor(P)()",
        "new (Function.bind.apply(Function, [null, P]))()",
        "Array.from([P], Function)[0]()",
        "(function () { try { null.x; } catch (e) { return e.constructor.constructor(P)(); } })()",
    ];

    [Theory]
    [MemberData(nameof(Constructors))]
    public void No_way_leads_to_code_from_text(string expression)
    {
        var result = ScriptPage.RunBody($"var P = 'return 7 * 6'; return {expression};");

        Assert.NotEqual("42", ScriptPage.Text(result.Result));
        Assert.Equal((RunStatus.Aborted, AbortKind.Error), (result.Status, result.AbortKind));
    }

    [Theory]
    [InlineData("WebAssembly")]
    [InlineData("SharedArrayBuffer")]
    [InlineData("Atomics")]
    [InlineData("ArrayBuffer")]
    [InlineData("importScripts")]
    [InlineData("require")]
    [InlineData("process")]
    [InlineData("Deno")]
    [InlineData("System")]
    [InlineData("host")]
    [InlineData("__dirname")]
    public void What_reaches_beyond_the_language_is_not_there(string name) =>
        Assert.Equal("\"undefined\"", ScriptPage.Evaluate($"return typeof {name};"));

    [Theory]
    [InlineData("return f`x`;")]
    [InlineData("return `${1}`;")]
    [InlineData("return async function () {};")]
    [InlineData("return function* () {};")]
    [InlineData("return import('fs');")]
    [InlineData("with ({}) return 1;")]
    [InlineData("class A {} return A;")]
    [InlineData("return ({ ...{} });")]
    [InlineData("let a = 1; return a;")]
    public void Newer_and_older_syntax_is_refused(string body)
    {
        var result = ScriptPage.RunBody(body);

        Assert.Equal(RunStatus.Aborted, result.Status);
    }

    [Theory]
    [InlineData("JSON.parse('{\"__proto__\": {\"polluted\": 1}}')")]
    [InlineData("JSON.parse('[{\"__proto__\": {\"polluted\": 1}}]')")]
    [InlineData("JSON.parse('{\"a\": 1}', function (k, v) { if (k === 'a') { Object.prototype.polluted = 1; } return v; })")]
    [InlineData("Object.assign({}, JSON.parse('{\"__proto__\": {\"polluted\": 1}}'))")]
    [InlineData("(Object.prototype.polluted = 1)")]
    [InlineData("(Array.prototype.polluted = 1)")]
    [InlineData("(String.prototype.polluted = 1)")]
    [InlineData("Object.defineProperty(Object.prototype, 'polluted', {get: function () { return 1; }, configurable: false})")]
    [InlineData("(mjolnir.table('users').find('bob').__proto__.polluted = 1)")]
    [InlineData("(mjolnir.kv.polluted = 1)")]
    [InlineData("Object.freeze(Object.prototype)")]
    [InlineData("(Object.keys = function () { return ['polluted']; })")]
    public void What_one_run_poisons_the_next_does_not_drink(string expression)
    {
        using var page = new ScriptPage($"function poison() {{ mjolnir.kv.get('x'); {expression}; }} function drink() {{ mjolnir.kv.get('x'); Object.prototype.fresh = 1; return [typeof ({{}}).polluted, typeof [].polluted, typeof ''.polluted, Object.keys({{}}).length, ({{}}).fresh]; }}")
            .WithRow("users", "bob", """{"name":"bob","balance":1}""");

        page.Run("poison");

        Assert.Equal("[\"undefined\",\"undefined\",\"undefined\",0,1]", ScriptPage.Text(page.Run("drink").Result));
        Assert.Equal("[\"undefined\",\"undefined\",\"undefined\",0,1]", ScriptPage.Text(page.Run("drink").Result));
    }

    [Theory]
    [InlineData("mjolnir.user = 'admin'; return mjolnir.user;")]
    [InlineData("Object.defineProperty(mjolnir, 'user', {value: 'admin'}); return mjolnir.user;")]
    [InlineData("window.mjolnir = {user: 'admin'}; return window.mjolnir.user;")]
    [InlineData("mjolnir.__proto__ = {user: 'admin'}; return mjolnir.user;")]
    public void Who_calls_is_for_the_platform_to_say(string body)
    {
        using var page = new ScriptPage($"function lie() {{ mjolnir.kv.get('x'); {body} }} function ask() {{ return mjolnir.user; }}");

        page.Run("lie");

        Assert.NotEqual("\"admin\"", ScriptPage.Text(page.Run("ask").Result));
    }

    [Theory]
    [InlineData("(function () { for (;;); })()")]
    [InlineData("({toString: function () { for (;;); }})")]
    [InlineData("({toJSON: function () { for (;;); }})")]
    [InlineData("/(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')")]
    [InlineData("'x'.repeat(1e9)")]
    [InlineData("new Array(4e9).join('xxxxxxxx')")]
    [InlineData("(function r() { return r(); })()")]
    public void A_template_is_held_by_the_same_limits(string expression)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        var position = new SourcePosition("index.html", 1, 1);
        using var page = new ScriptPage(ScriptLimits.Default, [], [], [new Template(0, TemplateKind.Text, [new TemplatePart(null, expression, [], position)], position)]);

        var result = page.Render();

        Assert.True(result.Status == RunStatus.Aborted || result.Values[0].Length < 1000, result.Status.ToString());
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10));
    }
}
