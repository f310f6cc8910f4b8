using System.Diagnostics;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;

namespace Mjolnir.Scripting.Tests.Jint;

/// <summary>Hostile handlers: each ends with a clear error, in bounded time, on a stack as small as the thread pool's.</summary>
public sealed class LimitTests
{
    /// <summary>The stack of a thread-pool thread: the smallest a lane could have.</summary>
    private const int SmallStack = 1536 << 10;

    /// <summary>The limits promise half a second; the rest is the test machine's, which runs other things as well.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<string> Recursions =>
    [
        "function r() { return r(); } r();",
        "function a() { b(); } function b() { a(); } a();",
        "var o = {toString: function () { return String(o); }}; return '' + o;",
        "var o = {valueOf: function () { return +o; }}; return +o;",
        "var o = {get x() { return this.x; }}; return o.x;",
        "var o = {set x(v) { this.x = v; }}; o.x = 1;",
        "function F() { new F(); } new F();",
        "function r() { r.apply(null, arguments); } r(1);",
        "function r() { r.call(null); } r();",
        "function r() { r.bind(null)(); } r();",
        "var f = function () {}; for (var i = 0; i < 20000; i++) f = f.bind(null); f();",
        "[2, 1].sort(function c(a, b) { [2, 1].sort(c); return 0; });",
        "'x'.replace(/x/, function r() { return 'x'.replace(/x/, r); });",
        "var o = {toJSON: function () { return JSON.stringify(o); }}; return JSON.stringify(o);",
        "JSON.parse('[1]', function r(k, v) { return JSON.parse('[1]', r); });",
        "[1].forEach(function r() { [1].forEach(r); });",
        "[1].map(function r() { return [1].map(r); });",
        "[1, 2].reduce(function r() { return [1, 2].reduce(r); });",
        "new Map([[1, 1]]).forEach(function r() { new Map([[1, 1]]).forEach(r); });",
        "var a = []; for (var i = 0; i < 100000; i++) a = [a]; return String(a);",
        "var a = []; for (var i = 0; i < 100000; i++) a = [a]; return a.flat(Infinity);",
        "function r() { try { r(); } catch (e) { r(); } finally { r(); } } r();",
        "var e = document.createElement('p'); for (var i = 0; i < 5000; i++) { var d = document.createElement('p'); d.appendChild(e); e = d; } return e.innerHTML;",
    ];

    public static TheoryData<string> EndlessWork =>
    [
        "for (;;);",
        "while (true) {}",
        "do {} while (1)",
        "for (;;) { try { null.x; } catch (e) {} }",
        "return new Array(5e8).join('x').length;",
        "return Array(4294967295).indexOf(1);",
        "var a = []; a.length = 4e9; a.sort();",
        "var a = []; a.length = 4e9; a.reverse();",
        "var a = []; a.length = 4e9; return a.map(function (x) { return x; });",
        "var a = [1]; while (true) a = a.concat(a);",
        "var a = new Array(4e9); return a.concat(a, a).length;",
        "return Array.prototype.lastIndexOf.call({length: 9007199254740991}, 1);",
        "var s = 'x'; for (var i = 0; i < 100; i++) s += s; return s.length;",
        "return 'x'.repeat(1e9).length;",
        "return 'x'.padStart(1e9).length;",
        "return 'x'.repeat(4e6).split('').length;",
        "var s = 'x'.repeat(4e6); while (true) s.toUpperCase();",
        "var s = 'x'.repeat(4e6), t = 'x'.repeat(4e6); while (s === t);",
        "var s = 'x'.repeat(4e6), t = 'x'.repeat(2e6) + 'y'; while (true) s.lastIndexOf(t);",
        "var s = 'x'.repeat(4e6), o = {}; while (true) o[s] = 1;",
        "var s = 'x'.repeat(4e6), o = new Map(); while (true) o.get(s);",
        "var s = '9'.repeat(4e6); while (true) Number(s);",
        "var s = '1'.repeat(4e6); while (true) parseInt(s, 3);",
        "return /(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab');",
        "for (;;) { try { /(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'); } catch (e) {} }",
        "for (;;) new RegExp('(a{1000}){1000}').test('aaaa');",
        "while (true) 'x'.repeat(1000000).match(/x/g);",
        "var o = {}; for (var i = 0;; i++) o['k' + i] = i;",
        "var a = []; for (;;) a.push({});",
        "var a = []; for (;;) a.unshift(1);",
        "var m = new Map(); for (var i = 0;; i++) m.set(i, i);",
        "var o = {}; for (var i = 0; i < 900; i++) o = Object.create(o); while (true) o.x;",
        "var o = {}; for (var i = 0; i < 2000; i++) o = Object.create(o); return o.x;",
        "var a = []; for (var i = 0; i < 50000; i++) a.push(i); while (true) a.sort(function () { return Math.random() - 0.5; });",
        "var a = []; for (var i = 0; i < 50000; i++) a.push(i); while (true) JSON.stringify(a);",
        "var a = []; for (var i = 0; i < 50000; i++) a.push(i); while (true) a.shift();",
        "for (;;) console.log('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx');",
        "for (;;) document.body.insertAdjacentHTML('beforeend', 'x');",
        "for (;;) mjolnir.kv.append('l', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx');",
        "for (;;) (1e300).toString(3);",
        "function r(n) { if (n) r(n - 1); else throw new Error('deep'); } for (;;) try { r(900); } catch (e) {}",
    ];

    [Theory]
    [MemberData(nameof(Recursions))]
    public void Recursion_of_every_kind_ends_with_an_error(string body) => RequireEnded(body);

    [Theory]
    [MemberData(nameof(EndlessWork))]
    public void Endless_work_ends_with_an_error(string body) => RequireEnded(body);

    [Fact]
    public void A_limit_names_its_place()
    {
        var result = ScriptPage.RunBody("\n  while (true) { }");
        Assert.Equal(AbortKind.Limit, result.AbortKind);
        Assert.Equal("bank.js:2:3", result.Position?.ToString());
    }

    [Fact]
    public void A_limit_cannot_be_caught()
    {
        var result = ScriptPage.RunBody("try { for (;;); } catch (e) { return 'caught'; } finally { return 'finally'; }");
        Assert.Equal((RunStatus.Aborted, AbortKind.Limit), (result.Status, result.AbortKind));
    }

    [Fact]
    public void After_a_limit_the_engine_goes_on()
    {
        using var page = new ScriptPage("var n = 0; function bad() { n = 5; for (;;); } function good() { return n; }");
        Assert.Equal(RunStatus.Aborted, page.Run("bad").Status);
        Assert.Equal("0", ScriptPage.Text(page.Run("good").Result));
    }

    [Fact]
    public void Steps_are_limited_whatever_the_time()
    {
        var limits = new ScriptLimits { MaxSteps = 10_000, Timeout = TimeSpan.FromMinutes(1) };
        var result = ScriptPage.RunBody("for (var i = 0; i < 100000; i++);", limits);
        Assert.Equal("more than 10000 steps in one run", result.Reason);
    }

    [Theory]
    [InlineData("return eval('1');")]
    [InlineData("var e = eval; return e('1');")]
    [InlineData("return Function('return 1')();")]
    [InlineData("return new Function('return 1')();")]
    [InlineData("return (function () {}).constructor('return 1')();")]
    [InlineData("return Object.getPrototypeOf(function () {}).constructor('return 1')();")]
    public void Code_from_text_is_refused(string body)
    {
        var result = ScriptPage.RunBody(body);
        Assert.Equal((RunStatus.Aborted, AbortKind.Error), (result.Status, result.AbortKind));
        Assert.Contains("not supported on the server", result.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("return typeof System + typeof importNamespace + typeof clr + typeof require + typeof process;")]
    public void There_is_no_way_out_of_the_language(string body) =>
        Assert.Equal("\"" + string.Concat(Enumerable.Repeat("undefined", 5)) + "\"", ScriptPage.Evaluate(body));

    [Fact]
    public void Programs_nested_beyond_any_sense_are_refused_or_run()
    {
        foreach (var body in Nested())
        {
            var result = OnSmallStack("return " + body + ";");
            Assert.True(result.Status is RunStatus.Aborted or RunStatus.Completed);
        }
    }

    private static IEnumerable<string> Nested()
    {
        string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
        yield return Repeat("(", 100_000) + "1" + Repeat(")", 100_000);
        yield return Repeat("(", 1_900) + "1" + Repeat(")", 1_900);
        yield return Repeat("[", 1_900) + Repeat("]", 1_900);
        yield return Repeat("f(", 1_900) + "1" + Repeat(")", 1_900);
        yield return Repeat("!", 200_000) + "1";
        yield return Repeat("1?", 50_000) + "1" + Repeat(":1", 50_000);
        yield return Repeat("a=", 100_000) + "1";
        yield return Repeat("1+", 100_000) + "1";
        yield return Repeat("1&&", 3_900) + "1";
        yield return "f" + Repeat(".a", 100_000);
        yield return "f" + Repeat("()", 100_000);
        yield return "[1].map(function () { return " + Repeat("[1].map(function () { return ", 600) + "1" + Repeat("; })", 601);
        yield return "(function () { " + Repeat("if (1) ", 50_000) + "; })()";
        yield return "(function () { " + Repeat("if (0); else ", 20_000) + "; })()";
        yield return "(function () { " + Repeat("try {", 900) + Repeat("} finally {}", 900) + " })()";
    }

    private static void RequireEnded(string body)
    {
        var watch = Stopwatch.StartNew();
        var result = OnSmallStack(body);
        Assert.Equal(RunStatus.Aborted, result.Status);
        Assert.True(result.AbortKind == AbortKind.Limit || result.Reason!.Contains("nested deeper", StringComparison.Ordinal), result.Reason);
        Assert.True(watch.Elapsed < Patience, $"{watch.Elapsed}");
    }

    private static RunResult OnSmallStack(string body)
    {
        RunResult? result = null;
        var thread = new Thread(() => result = ScriptPage.RunBody(body), SmallStack);
        thread.Start();
        thread.Join();
        return result!;
    }
}
