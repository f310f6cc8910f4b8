using Mjolnir.Scripting.Jint.Builtins;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>The inputs and globals that a run read: what the browser ships with the next call.</summary>
internal sealed class PageReads
{
    private readonly Dictionary<string, List<string>> _inputs = new(StringComparer.Ordinal);
    private readonly List<string> _globals = [];

    public bool IsEmpty => _inputs.Count == 0 && _globals.Count == 0;

    public void Input(string key, string property)
    {
        if (!_inputs.TryGetValue(key, out var properties))
        {
            _inputs.Add(key, properties = []);
        }

        if (!properties.Contains(property))
        {
            properties.Add(property);
        }
    }

    public void Global(string name)
    {
        if (!_globals.Contains(name))
        {
            _globals.Add(name);
        }
    }

    public void Write(JsonWriter writer)
    {
        writer.Raw('{');
        if (_inputs.Count > 0)
        {
            writer.Raw("\"inputs\":{");
            List(writer, _inputs, static (w, input) =>
            {
                w.Quoted(input.Key);
                w.Raw(":[");
                List(w, input.Value, static (w2, property) => w2.Quoted(property));
                w.Raw(']');
            });
            writer.Raw('}');
        }

        if (_globals.Count > 0)
        {
            writer.Raw(_inputs.Count > 0 ? ",\"globals\":[" : "\"globals\":[");
            List(writer, _globals, static (w, name) => w.Quoted(name));
            writer.Raw(']');
        }

        writer.Raw('}');
    }

    private static void List<T>(JsonWriter writer, IEnumerable<T> items, Action<JsonWriter, T> write)
    {
        var first = true;
        foreach (var item in items)
        {
            if (!first)
            {
                writer.Raw(',');
            }

            first = false;
            write(writer, item);
        }
    }
}
