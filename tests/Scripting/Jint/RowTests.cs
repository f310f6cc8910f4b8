using Mjolnir.Core.Documents;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;

namespace Mjolnir.Scripting.Tests.Jint;

public sealed class RowTests
{
    private const string Alice = """{"name":"alice","balance":100,"data":{"tags":["a"]}}""";

    [Fact]
    public void A_transfer_writes_both_rows_in_declared_order()
    {
        using var page = new ScriptPage("function transfer(from, to, amount) { var u = mjolnir.table('users'); u.find(from).balance -= amount; u.find(to).balance += amount; return u.find(from).balance; }");
        page.WithRow("users", "alice", Alice).WithRow("users", "bob", """{"balance":5,"name":"bob"}""");
        var result = page.Run("transfer", """["alice","bob",30]""");
        Assert.Equal("70", ScriptPage.Text(result.Result));
        Assert.Equal("""bank/users/alice={"name":"alice","balance":70,"data":{"tags":["a"]}} bank/users/bob={"name":"bob","balance":35}""", Writes(result));
    }

    [Theory]
    [InlineData("u.find('alice').balance = 100;")]
    [InlineData("u.find('alice').balance += 1; u.find('alice').balance -= 1;")]
    [InlineData("u.find('alice').data.tags.push('b'); u.find('alice').data.tags.pop();")]
    [InlineData("JSON.stringify(u.find('alice'));")]
    [InlineData("u.find('nobody');")]
    [InlineData("u.insert({name: 'carol'}); u.remove('carol');")]
    [InlineData("mjolnir.kv.set('k', 1); mjolnir.kv.remove('k');")]
    public void What_ends_as_it_began_is_no_write(string body) => Assert.Equal("", Writes(Run(body)));

    [Theory]
    [InlineData("u.find('alice').data.tags.push('b');", """bank/users/alice={"name":"alice","balance":100,"data":{"tags":["a","b"]}}""")]
    [InlineData("delete u.find('alice').data;", """bank/users/alice={"name":"alice","balance":100}""")]
    [InlineData("u.find('alice').data = null;", """bank/users/alice={"name":"alice","balance":100,"data":null}""")]
    [InlineData("u.find('alice').since = new Date(5);", """bank/users/alice={"name":"alice","balance":100,"data":{"tags":["a"]},"since":5}""")]
    [InlineData("u.find('alice').rate = 1e21;", """bank/users/alice={"name":"alice","balance":100,"rate":1e+21,"data":{"tags":["a"]}}""")]
    [InlineData("u.find('alice').balance = 9007199254740992;", """bank/users/alice={"name":"alice","balance":9007199254740992,"data":{"tags":["a"]}}""")]
    [InlineData("u.update('alice', {balance: 1, active: true});", """bank/users/alice={"name":"alice","balance":1,"active":true,"data":{"tags":["a"]}}""")]
    [InlineData("Object.assign(u.find('alice'), {balance: 2});", """bank/users/alice={"name":"alice","balance":2,"data":{"tags":["a"]}}""")]
    [InlineData("u.remove('alice');", "bank/users/alice=removed")]
    [InlineData("u.remove('alice'); u.insert({name: 'alice', balance: 1});", """bank/users/alice={"name":"alice","balance":1}""")]
    [InlineData("u.insert({name: 'c/d', balance: 1}).balance++;", """bank/users/c%2Fd={"name":"c/d","balance":2}""")]
    [InlineData("u.find('alice').data = {s: '\\ud800x', t: '\\n\\u2028'};", "bank/users/alice={\"name\":\"alice\",\"balance\":100,\"data\":{\"s\":\"\ufffdx\",\"t\":\"\\n\u2028\"}}")]
    [InlineData("mjolnir.table('orders').insert({id: 8, item: 'x'});", """bank/orders/8={"id":8,"item":"x"}""")]
    public void A_change_is_written(string body, string expected) => Assert.Equal(expected, Writes(Run(body)));

    [Theory]
    [InlineData("u.find('alice').balance = '5';", "users.balance is an integer, and '5' is not")]
    [InlineData("u.find('alice').balance = 1.5;", "users.balance is an integer, and 1.5 is not")]
    [InlineData("u.find('alice').balance = NaN;", "users.balance is an integer, and NaN is not")]
    [InlineData("u.find('alice').balance -= undefined;", "users.balance is an integer, and NaN is not")]
    [InlineData("u.find('alice').balance = 9007199254740994;", "users.balance is an integer, and 9007199254740994 is not")]
    [InlineData("u.find('alice').balance = undefined;", "users.balance is an integer, and undefined is not")]
    [InlineData("u.find('alice').balance = Infinity;", "users.balance is an integer, and Infinity is not")]
    [InlineData("u.find('alice').rate = 0 / 0;", "users.rate is a number, and NaN is not")]
    [InlineData("u.find('alice').rate = '1';", "users.rate is a number, and '1' is not")]
    [InlineData("u.find('alice').active = 1;", "users.active is a boolean, and 1 is not")]
    [InlineData("u.find('alice').since = 'now';", "users.since is a time, and 'now' is not")]
    [InlineData("u.find('alice').since = new Date(NaN);", "users.since is a time, and an invalid date is not")]
    [InlineData("u.find('alice').data = function () {};", "users.data is json, and a function is not")]
    [InlineData("u.find('alice').data = undefined;", "users.data is json, and undefined is not")]
    [InlineData("u.find('alice').name = 'bob';", "users.name is the key and cannot change from 'alice' to 'bob'")]
    [InlineData("u.find('alice').name = null;", "users.name is the key and cannot be null")]
    [InlineData("delete u.find('alice').name;", "users.name is the key and cannot be deleted")]
    [InlineData("u.find('alice').blance = 5;", "table 'users' has no column 'blance'")]
    [InlineData("u.insert({balance: 5});", "a row of table 'users' needs its key 'name'")]
    [InlineData("u.insert({name: '', balance: 5});", "users.name cannot be '': empty or too long for a key")]
    [InlineData("u.insert({name: 'x', blance: 5});", "table 'users' has no column 'blance'")]
    [InlineData("u.insert(5);", "insert needs an object with the row's columns, not 5")]
    [InlineData("mjolnir.table('orders').insert({id: 1.5});", "orders.id is an integer, and 1.5 is not")]
    [InlineData("mjolnir.table('nope');", "there is no table 'nope' in mjolnir.json")]
    [InlineData("mjolnir.table('_users');", "there is no table '_users' in mjolnir.json")]
    [InlineData("u.where({}).rows();", "no index of table 'users' lists its rows: declare one by the column that they are to be sorted by")]
    [InlineData("u.where({balance: 5}).count();", "no index of table 'users' answers this query: declare \"indexes\": {\"byBalance\": [\"balance\"]}")]
    [InlineData("u.where({balance: '5'});", "users.balance is an integer, and '5' is not")]
    [InlineData("u.where({balance: undefined});", "users.balance is an integer, and undefined is not")]
    [InlineData("u.where({balance: {}});", "users.balance is asked for without a bound: there are from, to (included), above, below (not included)")]
    [InlineData("u.where({balance: {from: 1, above: 2}});", "users.balance is given two bounds on one side")]
    [InlineData("u.where('alice');", "where needs an object with the columns asked for, not 'alice'")]
    [InlineData("u.where({}, {frsh: true});", "where knows the option fresh, true or false, and not 'frsh: true'")]
    [InlineData("u.where({}).orderBy('blance');", "table 'users' has no column 'blance'")]
    [InlineData("u.where({}).limit(0);", "limit needs a whole number from 1 to 1000, not 0")]
    [InlineData("u.where({}).limit('5');", "limit needs a whole number from 1 to 1000, not '5'")]
    [InlineData("u.where({}).after(5);", "after needs a cursor that a query gave, not 5")]
    [InlineData("u.search('x');", "table 'users' declares no text search: declare \"search\": [\"…\"] with the columns to look at")]
    [InlineData("u.top(1, 'balance');", "no index of table 'users' answers this query: declare \"indexes\": {\"byBalance\": [\"-balance\"]}")]
    [InlineData("u.top('balance', 1);", "top needs the name of a column, not 1")]
    [InlineData("u.page('v', 1);", "a page is one of a query: where({…}).orderBy(column).limit(20).page(n)")]
    [InlineData("mjolnir.sql('select 1');", "not declared: mjolnir.sql")]
    [InlineData("mjolnir.kv.set({}, 1);", "a key of mjolnir.kv is a text or a number, and an object is not")]
    [InlineData("mjolnir.kv.set('k', undefined);", "the value for mjolnir.kv.set has no JSON: undefined")]
    [InlineData("mjolnir.kv.set('k', 1); mjolnir.kv.append('k', 2);", "mjolnir.kv.append: the value there is not a list but 1")]
    public void A_broken_rule_is_an_error_with_its_place(string body, string reason)
    {
        var result = Run(body);
        Assert.Equal((RunStatus.Aborted, AbortKind.Error, reason), (result.Status, result.AbortKind, result.Reason));
        Assert.Equal("bank.js", result.Position?.File);
        Assert.Equal(2, result.Position?.Line);
        Assert.Empty(result.Writes);
    }

    [Theory]
    [InlineData("u.insert({name: 'alice'});", "table 'users' already has a row 'alice'")]
    [InlineData("u.update('nobody', {balance: 1});", "table 'users' has no row 'nobody'")]
    public void Inserting_twice_and_updating_nothing_are_refusals(string body, string reason)
    {
        var result = Run(body);
        Assert.Equal((AbortKind.Refused, reason), (result.AbortKind, result.Reason));
    }

    [Fact]
    public void A_broken_rule_cannot_be_caught()
    {
        var result = Run("try { u.find('alice').balance = 'x'; } catch (e) { u.find('alice').balance = 1; }");
        Assert.Equal(RunStatus.Aborted, result.Status);
    }

    [Fact]
    public void A_row_over_the_size_limit_is_named()
    {
        Assert.Equal($"a row of table 'users' would take 600040 bytes; at most {ScriptLimits.Default.MaxRowBytes} are allowed", Run("u.find('alice').data = 'x'.repeat(600000); ").Reason);
        Assert.Contains($"at most {ScriptLimits.Default.MaxRowBytes} are allowed", Run("mjolnir.kv.set('k', 'x'.repeat(600000));").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_that_contains_itself_is_refused() =>
        Assert.Contains("users.data cannot be written as JSON", Run("var r = u.find('alice'); r.data.me = r.data;").Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData("u.find('alice') === u.find('alice')", "true")]
    [InlineData("u.find('nobody')", "null")]
    [InlineData("u.find(null)", "null")]
    [InlineData("u.find(undefined)", "null")]
    [InlineData("(u.insert({name: 'carol', balance: 1}), u.find('carol').balance)", "1")]
    [InlineData("(u.remove('alice'), u.find('alice'))", "null")]
    [InlineData("[u.remove('alice'), u.remove('alice')]", "[true,false]")]
    [InlineData("Object.keys(u.find('alice'))", """["name","balance","data"]""")]
    [InlineData("(function () { var k = []; for (var c in u.find('alice')) k.push(c); return k; })()", """["name","balance","data"]""")]
    [InlineData("u.find('alice')", """{"name":"alice","balance":100,"data":{"tags":["a"]}}""")]
    [InlineData("u.find('alice').balnce", "")]
    [InlineData("'balance' in u.find('alice') && u.find('alice').hasOwnProperty('data')", "true")]
    [InlineData("String(u.find('alice'))", "\"[object Object]\"")]
    [InlineData("mjolnir.table('orders').find(7).item", "\"seven\"")]
    [InlineData("mjolnir.table('orders').find('7').item", "\"seven\"")]
    [InlineData("mjolnir.table('orders').find('x')", "null")]
    [InlineData("mjolnir.table('orders').find(7.5)", "null")]
    [InlineData("mjolnir.kv.get('list')", "[1,2]")]
    [InlineData("mjolnir.kv.get('none')", "null")]
    [InlineData("(mjolnir.kv.append('list', {a: 3}), mjolnir.kv.append('new', 1), [mjolnir.kv.get('list'), mjolnir.kv.get('new')])", """[[1,2,{"a":3}],[1]]""")]
    [InlineData("(mjolnir.kv.get('list').push(9), mjolnir.kv.get('list'))", "[1,2]")]
    [InlineData("[mjolnir.kv.remove('list'), mjolnir.kv.remove('list'), mjolnir.kv.get('list')]", "[true,false,null]")]
    public void Reading_gives(string expression, string expected) => Assert.Equal(expected, ScriptPage.Text(Run("return " + expression + ";").Result));

    [Theory]
    [InlineData("mjolnir.kv.set('other', 1);")]
    [InlineData("u.find('alice').balance = 7;")]
    [InlineData("alice.balance = 7;")]
    [InlineData("u.find('bob');")]
    public void A_toJSON_that_uses_rows_while_they_are_written_is_refused(string body) => Assert.Equal(
        "rows cannot be used while they are being written (in a toJSON)",
        Run("var alice = u.find('alice'); alice.data = {toJSON: function () { " + body + " return 1; }};").Reason);

    [Fact]
    public void A_toJSON_in_a_value_may_write_other_values() => Assert.Equal(
        "bank/_kv/a=[1,5] bank/_kv/b=\"inner\"",
        Writes(Run("mjolnir.kv.set('a', [1, {toJSON: function () { mjolnir.kv.set('b', 'inner'); return 5; }}]);")));

    [Fact]
    public void Columns_that_are_declared_no_longer_are_kept()
    {
        using var page = new ScriptPage("function f() { mjolnir.table('users').find('old').balance++; }");
        page.WithRow("users", "old", """{"gone":{"x":[1]},"balance":1,"name":"old","also":null}""");
        Assert.Equal("""bank/users/old={"name":"old","balance":2,"gone":{"x":[1]},"also":null}""", Writes(page.Run("f")));
    }

    [Fact]
    public void A_missing_row_ends_the_run_through_catch_and_finally_and_leaves_no_trace()
    {
        using var page = new ScriptPage("var n = 0; function f() { n++; try { mjolnir.table('users').find('far').balance = 1; } catch (e) { n = 100; } finally { n = 200; } return n; }");
        page.WithUnknownRow("users", "far");
        for (var i = 0; i < 3; i++)
        {
            var result = page.Run("f");
            Assert.Equal(RunStatus.RowMissing, result.Status);
            Assert.Equal(ScriptPage.Key("users", "far"), result.Missing);
            Assert.Empty(result.Writes);
        }
    }

    [Fact]
    public void A_document_is_read_once_and_shared()
    {
        using var page = new ScriptPage("function f() { return mjolnir.table('users').find('alice').data.tags.push('b'); }");
        page.WithRow("users", "alice", Alice);
        page.Run("f");
        Assert.True(page.TryRead(ScriptPage.Key("users", "alice"), out var document));
        var decoded = document!.Decoded;
        Assert.NotNull(decoded);
        Assert.Equal("2", ScriptPage.Text(page.Run("f").Result));
        Assert.Same(decoded, document.Decoded);
        Assert.Equal(Document.FromText(Alice), document);
    }

    [Fact]
    public void Integers_stay_exact_up_to_the_last()
    {
        using var page = new ScriptPage("function f() { var r = mjolnir.table('users').find('big'); r.balance += 1; return r.balance; }");
        page.WithRow("users", "big", """{"name":"big","balance":9007199254740990}""");
        Assert.Equal("""bank/users/big={"name":"big","balance":9007199254740991}""", Writes(page.Run("f")));
    }

    private static RunResult Run(string body)
    {
        using var page = new ScriptPage("function f() { var u = mjolnir.table('users');\n" + body + "\n}");
        page.WithRow("users", "alice", Alice).WithRow("orders", "7", """{"id":7,"item":"seven"}""").WithRow("_kv", "list", "[1,2]");
        return page.Run("f");
    }

    private static string Writes(RunResult result)
    {
        Assert.True(result.Status == RunStatus.Completed, result.Reason);
        return string.Join(' ', result.Writes.Select(w => $"{w.Key}={w.Value?.ToString() ?? "removed"}").Order(StringComparer.Ordinal));
    }
}
