using Mjolnir.Scripting.Engine;

namespace Mjolnir.Scripting.Tests.Jint;

/// <summary>Whatever one run does, the next finds the page as its scripts left it.</summary>
public sealed class IsolationTests
{
    private const string Page = """
        var cart = {items: [], total: 0};
        var count = 0;
        var nothing;
        var list = [1, 2, 3];
        var nested = {a: {b: [{c: 1}]}};
        var registry = new Map();
        var names = new Set(['x']);
        var when = new Date(0);
        var pattern = /a/g;
        var counter = (function () { var n = 0; return {next: function () { return ++n; }, peek: function () { return n; }}; })();
        var secretHolder = (function () { var kept = null; return function (value) { var old = kept; if (value !== undefined) kept = value; return old; }; })();
        function Person(name) { this.name = name; }
        Person.prototype.hello = function () { return 'hello ' + this.name; };
        var alice = new Person('alice');
        var frozen = Object.freeze({x: 1});
        var withAccessor = {_v: 1, get v() { return this._v; }, set v(x) { this._v = x; }};
        var api = (function (c) { return {size: function () { return c.items.length; }, add: function (x) { c.items.push(x); }}; })(cart);
        function helper() { return 'original'; }
        var msg = document.getElementById('msg');
        var made = document.createElement('p'), inner = document.createElement('b');
        made.appendChild(inner);
        var args = (function (a) { return {all: arguments, read: function () { return a; }}; })(1);
        var text = new String('t');
        var bound = helper.bind(null, 1);
        var failure = new Error('kept');
        """;

    public static TheoryData<string, string> Tampering => new()
    {
        { "cart.items.push('secret'); cart.total = 5; cart.extra = 1;", "JSON.stringify(cart)" },
        { "cart = 'secret';", "JSON.stringify(cart)" },
        { "count++; count += 10;", "count" },
        { "nothing = 'secret';", "String(nothing)" },
        { "window.leak = 'secret'; leak2 = 'secret';", "typeof leak + typeof leak2" },
        { "list.push(4); list.sort(); list.reverse(); list.length = 1; list.note = 'secret';", "list.join() + list.note" },
        { "list.splice(0, 2); list.unshift(9); list[7] = 1;", "list.join()" },
        { "nested.a.b[0].c = 'secret'; nested.a.b.push({}); delete nested.a.x; nested.a.y = 1;", "JSON.stringify(nested)" },
        { "registry.set('k', 'secret'); names.add('secret'); names.delete('x');", "registry.size + ',' + names.size + names.has('x')" },
        { "when.setFullYear(2030); when.note = 'secret';", "when.getTime() + String(when.note)" },
        { "pattern.test('aaa'); pattern.note = 'secret';", "pattern.lastIndex + String(pattern.note)" },
        { "counter.next(); counter.next();", "counter.peek()" },
        { "secretHolder('secret');", "String(secretHolder())" },
        { "Person.prototype.hello = function () { return 'secret'; }; Person.prototype.extra = 1; Person.note = 'secret';", "alice.hello() + alice.extra + Person.note" },
        { "Person.prototype = {};", "String(new Person('x').hello())" },
        { "alice.name = 'mallory'; delete alice.name; alice.x = 1;", "JSON.stringify(alice)" },
        { "Object.setPrototypeOf(alice, {hello: function () { return 'secret'; }});", "alice.hello()" },
        { "alice.__proto__ = null;", "alice.hello()" },
        { "withAccessor.v = 'secret'; Object.defineProperty(withAccessor, 'v', {get: function () { return 'secret'; }});", "withAccessor.v" },
        { "api.add('secret');", "api.size()" },
        { "helper = function () { return 'secret'; };", "helper()" },
        { "helper.cache = 'secret'; helper.prototype.x = 'secret'; helper.call.note = 'secret';", "String(helper.cache) + helper.prototype.x + helper.call.note" },
        { "Array.prototype.push = function () { return 'secret'; }; Array.prototype.leak = 1;", "[1].push(2) + String([].leak)" },
        { "Object.prototype.leak = 'secret'; Object.prototype.toString = function () { return 'secret'; };", "String({}) + ({}).leak" },
        { "String.prototype.trim = function () { return 'secret'; }; Number.prototype.x = 1; Boolean.prototype.x = 1;", "' a '.trim() + (5).x + true.x" },
        { "Function.prototype.call = function () { return 'secret'; }; Function.prototype.x = 1;", "String(helper.call(null)) + helper.x" },
        { "Error.prepareStackTrace = function () { return 'secret'; }; Error.prototype.name = 'secret'; Error.x = 1; TypeError.prototype.message = 'secret';", "String(new Error('m')) + Error.x + typeof Error.prepareStackTrace + new TypeError().message" },
        { "Date.now = function () { return 'secret'; }; Date.prototype.getTime = function () { return 'secret'; }; Date = null;", "typeof Date.now() + new Date(5).getTime()" },
        { "Math.random = function () { return 'secret'; }; Math.PI = 3; Math.max = null; Math = {};", "typeof Math.random() + Math.max(1, 2) + Math.PI.toFixed(2)" },
        { "JSON.stringify = function () { return 'secret'; }; JSON.parse = null; JSON = 5;", "JSON.stringify([1]) + JSON.parse('2')" },
        { "RegExp.prototype.test = function () { return 'secret'; }; RegExp.prototype.exec = null;", "/a/.test('a') + String(/a/.exec('b'))" },
        { "Map.prototype.get = null; Set.prototype.add = null; Map = 1;", "new Map([[1, 2]]).get(1)" },
        { "Object.defineProperty(Array.prototype, 'map', {value: 'secret', writable: false, configurable: false});", "typeof [].map + Object.getOwnPropertyDescriptor(Array.prototype, 'map').writable" },
        { "Object.freeze(Array.prototype); Object.freeze(Object.prototype); Object.freeze(cart); Object.freeze(list); Object.freeze(window);", "Object.isFrozen(Array.prototype) + '' + Object.isFrozen(cart) + Object.isFrozen(list) + Object.isExtensible(window) + list.push(1)" },
        { "Object.preventExtensions(helper); Object.seal(nested.a);", "Object.isExtensible(helper) + '' + Object.isSealed(nested.a)" },
        { "Object.defineProperty(Object.prototype, 'leak', {get: function () { return 'secret'; }, set: function () {}, configurable: false});", "String(({}).leak)" },
        { "delete Array.prototype.slice; delete window.parseInt; delete Math.abs; delete window.helper;", "typeof [].slice + typeof parseInt + typeof Math.abs + typeof helper" },
        { "isNaN = 1; parseInt = 2; undefined = 3; NaN = 4; Object = 5; Array = 6;", "typeof isNaN + typeof parseInt + undefined + NaN + typeof Object + typeof Array" },
        { "mjolnir.user = 'secret'; mjolnir.table = null; mjolnir.kv.get = null; mjolnir.leak = 1; delete mjolnir.abort; mjolnir = null;", "mjolnir.user + typeof mjolnir.table + typeof mjolnir.kv.get + mjolnir.leak + typeof mjolnir.abort" },
        { "var t = mjolnir.table('users'); Object.getPrototypeOf(t).find = function () { return 'secret'; };", "String(mjolnir.table('users').find('nobody'))" },
        { "document.leak = 'secret'; document.getElementById = null; console.log = null; location.x = 1;", "String(document.leak) + typeof document.getElementById + typeof console.log + location.x" },
        { "msg.textContent = 'secret'; msg.leak = 'secret'; msg.className = 'secret'; msg.style.color = 'secret'; Object.getPrototypeOf(msg).focus = null;", "msg.textContent + msg.leak + msg.className + msg.style.color + typeof msg.focus" },
        { "(function () { arguments.callee.leak = 'secret'; })(); (function f() { f.leak = 1; })();", "typeof (function () {}).leak" },
        { "var r = /x/; r.leak = 'secret';", "typeof /x/.leak" },
        { "(function () { return this; })().leak = 'secret';", "typeof leak" },
        { "frozen.x = 2; try { (function () { 'use strict'; frozen.x = 2; })(); } catch (e) {}", "frozen.x" },
        { "Array.prototype[0] = 'secret'; Object.prototype[1] = 'secret';", "String([][0]) + [][1]" },
        { "Object.setPrototypeOf(Array.prototype, {leak: 'secret'}); Object.getPrototypeOf(list).constructor = 1;", "String([].leak) + ([].constructor === Array)" },
        { "window.onerror = 1; window.helper2 = helper; window.self = 1; window.window = 1; globalThis.x1 = 1;", "typeof helper2 + (window === self) + typeof x1" },
        { "made.textContent = 'secret'; made.title = 'secret'; made.style.color = 'secret'; made.x = 'secret';", "made.innerHTML + made.title + made.style.color + made.x" },
        { "inner.textContent = 'secret'; inner.remove(); document.body.appendChild(inner);", "made.innerHTML" },
        { "made.appendChild(document.createElement('i')); made.insertAdjacentHTML('beforeend', 'secret');", "made.innerHTML" },
        { "args.all[0] = 'secret'; args.all.length = 9; args.all.x = 'secret'; delete args.all[0];", "args.read() + ',' + args.all[0] + args.all.length + args.all.x" },
        { "text.x = 'secret'; text.toString = function () { return 'secret'; };", "text + String(text.x)" },
        { "bound.x = 'secret'; bound.prototype = 'secret'; failure.message = 'secret'; failure.stack = 'secret'; failure.x = 'secret';", "String(bound.x) + bound.prototype + failure.message + failure.stack + failure.x" },
        { "Object.getOwnPropertyDescriptor(Map.prototype, 'size').get.leak = 'secret'; Object.defineProperty(Map.prototype, 'size', {value: 'secret'});", "new Map().size + String(Object.getOwnPropertyDescriptor(Map.prototype, 'size').get.leak)" },
        { "[].push.apply(cart.items, ['secret']); Array.prototype.unshift.call(list, 'secret'); Array.prototype.fill.call(list, 'secret'); Object.assign(nested, {z: 'secret'}); Array.prototype.reverse.call(names);", "JSON.stringify(cart) + list + JSON.stringify(nested)" },
        { "JSON.parse('[1]', function () { this.x = 'secret'; cart.items = ['secret']; return 1; }); [3, 1].sort(function () { list.push('secret'); return 0; });", "JSON.stringify(cart) + list" },
        { "msg = 'secret'; counter = null; api = 1; secretHolder = 2;", "typeof msg + counter.peek() + api.size() + typeof secretHolder" },
    };

    [Theory]
    [MemberData(nameof(Tampering))]
    public void A_run_leaves_nothing_behind(string tamper, string look)
    {
        // Written out rather than returned: what a global holds afterwards may be nothing that can be sent back.
        using var page = new ScriptPage(
            Page + "function tamper() { " + tamper + "\n throw new Error('done'); }\nfunction look() { return String(" + look + "); }",
            ScriptPage.Element("msg", "p", "hello"));
        var before = Text(page.Run("look"));
        for (var i = 0; i < 2; i++)
        {
            Assert.EndsWith("done", page.Run("tamper").Reason, StringComparison.Ordinal);
            Assert.Equal(before, Text(page.Run("look")));
        }
    }

    /// <summary>Walks everything that can be reached from the global object, by names and prototypes, without calling a getter.</summary>
    private const string Walk = """
        function reachable() {
          var seen = new Set(), all = [];
          function visit(o) {
            if (o === null || (typeof o !== 'object' && typeof o !== 'function') || seen.has(o)) return;
            seen.add(o);
            all.push(o);
          }
          visit(window);
          for (var i = 0; i < all.length; i++) {
            visit(Object.getPrototypeOf(all[i]));
            Object.getOwnPropertyNames(all[i]).forEach(function (name) {
              if (browserOnly.indexOf(name) >= 0) return;
              var d = Object.getOwnPropertyDescriptor(all[i], name);
              if (!d) return;
              visit(d.value); visit(d.get); visit(d.set);
            });
          }
          return all;
        }
        function fingerprint() {
          var all = reachable(), ids = new Map(), parts = [], hash = 0;
          all.forEach(function (o, i) { ids.set(o, i); });
          function show(v) { return v === null || (typeof v !== 'object' && typeof v !== 'function') ? typeof v + String(v) : '#' + ids.get(v); }
          all.forEach(function (o, i) {
            parts.push(i, Object.isExtensible(o), show(Object.getPrototypeOf(o)), Object.prototype.toString.call(o));
            Object.getOwnPropertyNames(o).forEach(function (name) {
              if (browserOnly.indexOf(name) >= 0) return;
              var d = Object.getOwnPropertyDescriptor(o, name);
              if (d) parts.push(name, show(d.value), show(d.get), show(d.set), d.writable, d.enumerable, d.configurable);
            });
            if (o instanceof Map || o instanceof Set) o.forEach(function (v, k) { parts.push(show(k), show(v)); });
            if (o instanceof Date) parts.push(o.getTime());
          });
          var text = parts.join('|');
          for (var i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) | 0;
          return all.length + ' objects, ' + text.length + ' characters, ' + hash;
        }
        """;

    public static TheoryData<string> WholesaleTampering =>
    [
        "names(o).forEach(function (n) { delete o[n]; });",
        "names(o).forEach(function (n) { try { define(o, n, {value: 'secret'}); } catch (e) {} });",
        "names(o).forEach(function (n) { try { define(o, n, {get: function () { return 'secret'; }, configurable: false}); } catch (e) {} });",
        "names(o).forEach(function (n) { try { define(o, n, {writable: false, enumerable: true}); } catch (e) {} });",
        "try { define(o, 'leak', {value: 'secret'}); } catch (e) {}",
        "freeze(o);",
        "seal(o);",
        "prevent(o);",
        "try { setPrototype(o, null); } catch (e) {}",
        "try { setPrototype(o, {leak: 'secret'}); } catch (e) {}",
        "if (o instanceof Map_) { o.set('leak', 'secret'); o.delete('k'); } if (o instanceof Set_) o.clear(); if (o instanceof Date_) o.setTime(5);",
    ];

    [Theory]
    [MemberData(nameof(WholesaleTampering))]
    public void Tampering_with_everything_there_is_leaves_nothing_behind(string tamper)
    {
        var browserOnly = "var browserOnly = " + System.Text.Json.JsonSerializer.Serialize(Mjolnir.Scripting.Jint.Dom.BrowserMembers.Globals) + ".concat('reachable', 'fingerprint', 'tamper');";
        const string kept = "var names = Object.getOwnPropertyNames, define = Object.defineProperty, freeze = Object.freeze, seal = Object.seal, prevent = Object.preventExtensions, setPrototype = Object.setPrototypeOf, Map_ = Map, Set_ = Set, Date_ = Date;";
        var ample = new Mjolnir.Scripting.Jint.ScriptLimits { Timeout = TimeSpan.FromSeconds(30), MaxSteps = 1_000_000_000, MaxAllocatedBytes = 1L << 30 };
        using var page = new ScriptPage(
            ample,
            Page + browserOnly + Walk + "function tamper() { " + kept + " var all = reachable(); for (var i = all.length - 1; i >= 0; i--) { var o = all[i]; " + tamper + " } mjolnirAbort('done'); }\nvar mjolnirAbort = mjolnir.abort;",
            ScriptPage.Element("msg", "p", "hello"));
        var before = Text(page.Run("fingerprint"));
        Assert.NotEqual(RunStatus.Completed, page.Run("tamper").Status);
        Assert.Equal(before, Text(page.Run("fingerprint")));
    }

    [Fact]
    public void A_run_that_completes_leaves_nothing_behind_either()
    {
        using var page = new ScriptPage(Page + "function work() { cart.items.push(1); count++; counter.next(); return cart.items.length + ',' + count + ',' + counter.peek(); }");
        Assert.Equal("\"1,1,1\"", Text(page.Run("work")));
        Assert.Equal("\"1,1,1\"", Text(page.Run("work")));
    }

    [Fact]
    public void Rows_and_users_of_one_run_are_not_seen_by_the_next()
    {
        using var page = new ScriptPage("var last; function work(key) { var seen = String(last); last = mjolnir.user + JSON.stringify(mjolnir.table('users').find(key)); return seen; }");
        page.WithRow("users", "alice", """{"name":"alice","balance":5}""");
        page.User = "alice";
        Assert.Equal("\"undefined\"", Text(page.Run("work", """["alice"]""")));
        page.User = "bob";
        Assert.Equal("\"undefined\"", Text(page.Run("work", """["bob"]""")));
    }

    [Fact]
    public void An_ended_run_of_every_kind_leaves_nothing_behind()
    {
        using var page = new ScriptPage(
            "var n = 0; function refuse() { n++; mjolnir.abort('no'); } function miss() { n++; mjolnir.table('users').find('x'); } function ask() { n++; return document.getElementById('to').value; } function look() { return n; }",
            ScriptPage.Element("to"));
        page.WithUnknownRow("users", "x");
        Assert.Equal("no", page.Run("refuse").Reason);
        Assert.Equal(RunStatus.RowMissing, page.Run("miss").Status);
        Assert.Equal(RunStatus.InputMissing, page.Run("ask", partial: true).Status);
        Assert.Equal("0", Text(page.Run("look")));
    }

    private static string Text(RunResult result) =>
        result.Status == RunStatus.Completed ? ScriptPage.Text(result.Result) : throw new InvalidOperationException(result.Reason);
}
