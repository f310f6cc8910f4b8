namespace Mjolnir.Security.Tests.Target;

/// <summary>An application that does whatever callers ask for, so that nothing but the platform protects it.</summary>
internal static class TargetApplication
{
    private const string Manifest = """
        {
          "name": "target",
          "tables": {
            "notes": { "key": "id", "columns": { "id": "string", "text": "string" } },
            "others": { "key": "id", "columns": { "id": "string", "text": "string" } }
          },
          "roles": { "teller": ["ada"] },
          "handlers": {
            "ping": { "allow": "everyone" },
            "who": { "allow": "everyone" },
            "count": { "allow": "everyone" },
            "put": { "allow": "everyone" },
            "get": { "allow": "everyone" },
            "kvSet": { "allow": "everyone" },
            "kvGet": { "allow": "everyone" },
            "anyTable": { "allow": "everyone" },
            "merge": { "allow": "everyone" },
            "spin": { "allow": "everyone" },
            "echo": { "allow": "everyone" },
            "mine": { "allow": "signed-in" },
            "ofAda": { "allow": ["ada"] },
            "ofTellers": { "allow": ["role:teller"] }
          }
        }
        """;

    private const string Script = """
        function ping() { return 'pong'; }
        function who() { return mjolnir.user; }
        function count() { var n = (mjolnir.kv.get('count') || 0) + 1; mjolnir.kv.set('count', n); return n; }
        function put(table, id, text) {
          var row = mjolnir.table(table).find(id);
          if (row) row.text = text; else mjolnir.table(table).insert({ id: id, text: text });
          return id;
        }
        function get(table, id) { var row = mjolnir.table(table).find(id); return row ? row.text : null; }
        function kvSet(key, value) { mjolnir.kv.set(key, value); }
        function kvGet(key) { return mjolnir.kv.get(key); }
        function anyTable(name, key) { return mjolnir.table(name).find(key); }
        function merge(from) { var to = {}; for (var k in from) to[k] = from[k]; return [to.polluted, ({}).polluted, Object.keys(from)]; }
        function spin() { mjolnir.kv.get('x'); for (;;); }
        function echo(value) { mjolnir.kv.get('x'); return value; }
        function mine(text) { mjolnir.kv.set('of ' + mjolnir.user, text); return text; }
        function ofAda() { mjolnir.kv.set('ada', 1); }
        function ofTellers() { mjolnir.kv.set('till', 1); }
        """;

    private const string Page = """
        <!DOCTYPE html>
        <html><head><title>{{ kv.get('text') }}</title><script src="app.js"></script></head><body>
        <p id="text">{{ kv.get('text') }}</p>
        <a id="link" href="{{ kv.get('address') }}" title='{{ kv.get("text") }}'>link</a>
        <a id="bare" class={{ kv.get('text') }}>bare</a>
        <img src="{{ kv.get('address') }}">
        <form action="{{ kv.get('address') }}"><button formaction="{{ kv.get('address') }}" onclick="return ping();">go</button></form>
        <a id="path" href="/notes/{{ kv.get('address') }}">path</a>
        <textarea>{{ kv.get('text') }}</textarea>
        <p id="user">{{ user }}</p>
        </body></html>
        """;

    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "mjolnir.json"), Manifest);
        File.WriteAllText(Path.Combine(folder, "app.js"), Script);
        File.WriteAllText(Path.Combine(folder, "index.html"), Page);
        File.WriteAllText(Path.Combine(folder, "plain.html"), "<!DOCTYPE html><title>p</title><p>plain</p>");

        // Beside what is served: nobody may have it.
        File.WriteAllText(Path.Combine(folder, ".env"), "PASSWORD=beside");
        File.WriteAllText(Path.Combine(folder, "..", "outside.txt"), "outside");
    }
}
