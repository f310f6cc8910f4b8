using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mjolnir.AppServer.Transactions;
using Mjolnir.Cli.Applications;
using Mjolnir.Cli.Embedded;
using Mjolnir.Running;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.WriteBehind;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>An application with one table whose handlers change rows and ask for them, on a real embedded stack that can be ended at any moment and started again on the same data.</summary>
internal sealed class IndexedApplication(TestFolder folder, int stacks) : IAsyncDisposable
{
    /// <summary>Until indexes are built, or have caught up, on a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const string Page = """
        <p>{{ table('events').where({}).count() }}</p>
        <script>
          function change(changes) {
            var events = mjolnir.table('events');
            changes.forEach(function (change) {
              if (!change.row) events.remove(change.id);
              else if (events.find(change.id)) events.update(change.id, change.row);
              else events.insert(change.row);
            });
          }
          function assign(changes) {
            changes.forEach(function (change) {
              var row = mjolnir.table('events').find(change.id);
              row.city = change.row.city; row.day = change.row.day; row.price = change.row.price;
            });
          }
          function tryInsert(row) {
            try { mjolnir.table('events').insert(row); } catch (e) { return e.message; }
            return null;
          }
          function tryUpdate(id, row) {
            try { mjolnir.table('events').update(id, row); } catch (e) { return [e.message, mjolnir.table('events').find(id)]; }
            return null;
          }
          function search(asked) {
            var events = mjolnir.table('events');
            var found = events.search(asked.text, {where: asked.where, limit: asked.limit, fuzzy: !!asked.fuzzy, fresh: !!asked.fresh});
            return {ids: found.map(function (row) { return row.id; }), total: found.total, behind: found.behind, highlights: found.highlights};
          }
          function searchPages(changes, asked) {
            change(changes);
            var events = mjolnir.table('events');
            var found = events.search(asked.text, {where: asked.where, limit: asked.limit});
            var pages = [];
            for (var n = 1; n === 1 || n <= pages[0].pages + 1; n++) {
              var page = found.page(n);
              pages.push({ids: page.rows.map(function (row) { return row.id; }), page: page.page, pages: page.pages, total: page.total, marked: page.highlights.length, partial: page.partial});
            }
            return {pages: pages, facets: found.facets.apply(found, asked.by), behind: found.behind, partial: found.partial};
          }
          function changeThenSearch(changes, asked) {
            change(changes);
            return search(asked);
          }
          function query(asked) {
            var found = mjolnir.table('events').where(asked.where, {fresh: !!asked.fresh});
            if (asked.order) found = found.orderBy(asked.order);
            if (asked.limit) found = found.limit(asked.limit);
            return found.after(asked.cursor);
          }
          function ask(asked) {
            var found = query(asked);
            var rows = found.rows();
            return {ids: rows.map(function (row) { return row.id; }), cursor: found.cursor, behind: found.behind};
          }
          function there(ids) { return ids.filter(function (id) { return mjolnir.table('events').find(id) !== null; }); }
          function dearest(n, by) { return mjolnir.table('events').top(n, by).map(function (row) { return row.id; }); }
          function count(asked) { return query(asked).count(); }
          function sum(asked) { return query(asked).sum('price'); }
          function page(asked) {
            var found = query(asked).page(asked.page);
            return {ids: found.rows.map(function (row) { return row.id; }), page: found.page, pages: found.pages, total: found.total};
          }
          function changeThenPages(changes, asked) {
            change(changes);
            return asked.pages.map(function (n) { asked.page = n; return page(asked); });
          }
          function facets(asked) { var found = query(asked); return found.facets.apply(found, asked.by); }
          function average(asked) { return query(asked).average('price'); }
          function changeThenFacets(changes, asked) {
            change(changes);
            return facets(asked);
          }
          function changeThenAsk(changes, asked) {
            change(changes);
            return {rows: ask(asked), count: count(asked)};
          }
        </script>
        """;

    private EmbeddedStack? _stack;
    private Application? _application;

    public EmbeddedStack Stack => _stack!;

    /// <summary>The version that is served.</summary>
    public Application Application => _application!;

    /// <summary>What the last declarations found to be not unique.</summary>
    public IReadOnlyList<UniqueDuplicate> Duplicates { get; private set; } = [];

    /// <summary>Starts, with these declarations (JSON of <c>indexes</c>, with what else the table shall declare behind it).</summary>
    public async Task StartAsync(string indexes)
    {
        var options = new EmbeddedOptions(folder.At("data"), stacks, ScriptEngines.Create, TimeProvider.System, new Random(1));
        _stack = await EmbeddedStack.StartAsync(options, new Progress<RecoveryProgress>(), CancellationToken.None);
        await DeclareAsync(indexes, isStart: true);
    }

    /// <summary>From now on these are the declarations, as when a file was changed.</summary>
    public async Task DeclareAsync(string indexes, bool isStart = false)
    {
        var next = AppFolder.Load(Write(folder, indexes), Console.Error) ?? throw new InvalidOperationException("The application has mistakes.");
        await Stack.KeepIndexesAsync(next);
        var unique = new UniqueBuilder(Stack.Router, Stack.Queries, TimeProvider.System);
        await unique.DeclareAsync(next, CancellationToken.None);
        _application = next;
        Duplicates = await unique.BuildAsync(next, isStart, new Progress<UniqueBuilder.Step>(), CancellationToken.None);
    }

    /// <summary>Writes the application's files, with other tables (JSON of <c>tables</c>) besides; its folder.</summary>
    public static string Write(TestFolder folder, string indexes, string? others = null)
    {
        folder.Write("app/index.html", Page);
        folder.Write("app/mjolnir.json", $$"""
            {
              "name": "events",
              "tables": { "events": {
                "key": "id",
                "columns": { "id": "string", "city": "string", "day": "time", "price": "integer", "open": "boolean", "extra": "json" },
                "indexes": {{indexes}}
              }{{(others is null ? "" : ", " + others.Trim()[1..^1])}} },
              "handlers": {
                "change": { "allow": "everyone" }, "ask": { "allow": "everyone" }, "count": { "allow": "everyone" }, "sum": { "allow": "everyone" },
                "assign": { "allow": "everyone" }, "search": { "allow": "everyone" }, "searchPages": { "allow": "everyone" }, "changeThenSearch": { "allow": "everyone" }, "tryInsert": { "allow": "everyone" }, "tryUpdate": { "allow": "everyone" }, "page": { "allow": "everyone" }, "changeThenPages": { "allow": "everyone" }, "facets": { "allow": "everyone" }, "average": { "allow": "everyone" }, "changeThenFacets": { "allow": "everyone" },
                "there": { "allow": "everyone" }, "dearest": { "allow": "everyone" }, "changeThenAsk": { "allow": "everyone" }
              }
            }
            """);
        return folder.At("app");
    }

    /// <summary>Ends as a process does that is killed: what is not stored stays in the logs.</summary>
    public async Task KillAsync()
    {
        await Stack.DisposeAsync();
        _stack = null;
    }

    /// <summary>Ends after everything is stored.</summary>
    public async Task StopAsync()
    {
        await Stack.StopAsync(CancellationToken.None);
        await KillAsync();
    }

    /// <summary>Calls a handler; again where it was refused (indexes are being built).</summary>
    public async Task<TransactionAnswer> CallAsync(string handler, string user, params JsonNode?[] arguments)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; await Task.Delay(20))
        {
            var call = new TransactionCall(
                new HandlerCall
                {
                    Application = _application!,
                    Handler = _application!.Handlers[handler],
                    User = user,
                    Args = Encoding.UTF8.GetBytes(new JsonArray([.. arguments.Select(argument => argument?.DeepClone())]).ToJsonString()),
                    Seed = new TransactionSeed(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), 1),
                },
                null);
            var answer = await Stack.Router.Route(call).RunAsync(call, CancellationToken.None);
            if (answer.Status is not (TransactionStatus.Unavailable or TransactionStatus.Unknown))
            {
                return answer;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, answer.Reason);
        }
    }

    /// <summary>What a handler returned.</summary>
    public async Task<JsonElement> ResultAsync(string handler, string user, params JsonNode?[] arguments)
    {
        var answer = await CallAsync(handler, user, arguments);
        Assert.True(answer.Status == TransactionStatus.Committed, $"{answer.Status}: {answer.Reason}");
        return answer.Result.IsEmpty ? default : JsonDocument.Parse(answer.Result).RootElement;
    }

    /// <summary>The rows that a query gives; asked again while the index is behind what the user wrote.</summary>
    public async Task<(List<string> Ids, string? Cursor)> AskAsync(string user, JsonObject asked)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; await Task.Delay(20))
        {
            var result = await ResultAsync("ask", user, asked);
            if (!result.GetProperty("behind").GetBoolean())
            {
                return (Ids(result), result.GetProperty("cursor").GetString());
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, "The index stays behind.");
        }
    }

    public static List<string> Ids(JsonElement result) => [.. result.GetProperty("ids").EnumerateArray().Select(id => id.GetString()!)];

    public async ValueTask DisposeAsync()
    {
        if (_stack is not null)
        {
            await _stack.DisposeAsync();
        }
    }
}
