using System.Text;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Rows;

/// <summary>What the run under way gives to <c>mjolnir</c>; null while the page's scripts run.</summary>
internal sealed record RunContext(RowStore Rows, string? User);

/// <summary>The global <c>mjolnir</c>: tables, key/value pairs, user, clock and ids.</summary>
internal static class MjolnirObject
{
    /// <summary>Puts it into a realm; <paramref name="context"/> tells the run under way.</summary>
    public static JsObject Install(Realm realm, Func<RunContext> context)
    {
        var mjolnir = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        mjolnir.Define("user", new Descriptor
        {
            HasGetter = true,
            Getter = new NativeFunction(realm, "user", 0, (_, _, _) => JsValue.OrNull(context().User)),
            Enumerable = true,
        });
        var prototype = TablePrototype(realm, context);
        mjolnir.Method("table", 1, (r, _, args) => new TableObject(r, prototype, context().Rows.Table(Name(r, args.At(0)))));
        mjolnir.Set("kv", Pairs(realm, context));
        mjolnir.Method("abort", 1, (r, _, args) =>
            throw r.Abort(args.At(0).IsUndefined ? "aborted" : Operators.ToText(args[0]), AbortKind.Refused));
        mjolnir.Method("now", 0, (r, _, _) => r.Seed.Now);
        mjolnir.Method("id", 0, (r, _, _) => r.Seed.NextId());
        mjolnir.Method("sql", 1, (r, _, _) => throw r.Abort("not declared: mjolnir.sql"));
        realm.Global.Set("mjolnir", mjolnir, Attributes.Plain);
        return mjolnir;
    }

    private static string Name(Realm realm, JsValue value) =>
        value.Text ?? throw realm.Abort($"mjolnir.table needs the name of a table, not {ColumnRules.Show(value)}");

    /// <summary>A table named in a run.</summary>
    private sealed class TableObject(Realm realm, JsObject prototype, Applications.TableSchema table) : JsObject(realm, prototype)
    {
        public Applications.TableSchema Table { get; } = table;
    }

    private static JsObject TablePrototype(Realm realm, Func<RunContext> context)
    {
        var prototype = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        prototype.Method("find", 1, (r, self, args) => JsValue.OrNull(context().Rows.Find(This(r, self), args.At(0))));
        prototype.Method("insert", 1, (r, self, args) => context().Rows.Insert(This(r, self), Fields(r, args.At(0), "insert")));
        prototype.Method("remove", 1, (r, self, args) => context().Rows.Remove(This(r, self), args.At(0)));
        prototype.Method("update", 2, (r, self, args) => context().Rows.Update(This(r, self), args.At(0), Fields(r, args.At(1), "update")));
        var queries = QueryPrototype(realm, context);
        prototype.Method("where", 1, (r, self, args) => new QueryObject(r, queries, context().Rows.App, This(r, self), QueryValues.Terms(r, This(r, self), args.At(0))) { IsFresh = IsFresh(r, args.At(1)) });
        prototype.Method("top", 2, (r, self, args) => new QueryObject(r, queries, context().Rows.App, This(r, self), QueryTerms.All).Largest(args.At(1)).LimitTo(args.At(0)).Rows(context().Rows));
        prototype.Method("facets", 1, (r, self, args) => new QueryObject(r, queries, context().Rows.App, This(r, self), QueryTerms.All).Groups(context().Rows, args));
        prototype.Method("page", 1, (r, _, _) => throw r.Abort("a page is one of a query: where({…}).orderBy(column).limit(20).page(n)"));
        prototype.Method("search", 2, (r, self, args) => SearchEvaluation.Find(r, context().Rows, This(r, self), args.At(0), args.At(1)));
        return prototype;
    }

    private static JsObject QueryPrototype(Realm realm, Func<RunContext> context)
    {
        var prototype = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        prototype.Method("orderBy", 1, (r, self, args) => Query(r, self).OrderBy(args.At(0)));
        prototype.Method("limit", 1, (r, self, args) => Query(r, self).LimitTo(args.At(0)));
        prototype.Method("after", 1, (r, self, args) => Query(r, self).Behind(args.At(0)));
        prototype.Method("rows", 0, (r, self, _) => Query(r, self).Rows(context().Rows));
        prototype.Method("count", 0, (r, self, _) => Query(r, self).Count(context().Rows));
        prototype.Method("sum", 1, (r, self, args) => Query(r, self).Sum(context().Rows, args.At(0)));
        prototype.Method("page", 1, (r, self, args) => Query(r, self).Numbered(context().Rows, args.At(0)));
        prototype.Method("average", 1, (r, self, args) => Query(r, self).Average(context().Rows, args.At(0)));
        prototype.Method("facets", 1, (r, self, args) => Query(r, self).Groups(context().Rows, args));
        Getter(prototype, "cursor", (r, self) => JsValue.OrNull(Query(r, self).Page(context().Rows).Cursor));
        Getter(prototype, "behind", (r, self) => Query(r, self).Page(context().Rows).IsBehind);
        return prototype;
    }

    private static void Getter(JsObject prototype, string name, Func<Realm, JsValue, JsValue> get) => prototype.Define(name, new Descriptor
    {
        HasGetter = true,
        Getter = new NativeFunction(prototype.Realm, name, 0, (r, self, _) => get(r, self)),
    });

    private static QueryObject Query(Realm realm, JsValue self) =>
        self.Object as QueryObject ?? throw realm.TypeError("a function of a query was called without its query");

    private static bool IsFresh(Realm realm, JsValue options)
    {
        if (options.IsUndefined)
        {
            return false;
        }

        var given = options.Object ?? throw realm.Abort($"the options of where are an object, not {ColumnRules.Show(options)}");
        foreach (var name in given.EnumerableKeys())
        {
            if (name != "fresh" || !given.Get(name).IsBoolean)
            {
                throw realm.Abort($"where knows the option fresh, true or false, and not '{name}: {ColumnRules.Show(given.Get(name))}'");
            }
        }

        return given.Get("fresh").IsTrue;
    }

    private static Applications.TableSchema This(Realm realm, JsValue self) =>
        (self.Object as TableObject)?.Table ?? throw realm.TypeError("a function of a table was called without its table");

    private static JsObject Fields(Realm realm, JsValue value, string method) =>
        value.Object is { } o && value.Function is null && o is not JsArray ? o : throw realm.Abort($"{method} needs an object with the row's columns, not {ColumnRules.Show(value)}");

    private static JsObject Pairs(Realm realm, Func<RunContext> context)
    {
        var pairs = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        pairs.Method("get", 1, (r, _, args) => context().Rows.Get(args.At(0)) is { } value ? JsonReader.ReadUtf8(r, value.Utf8.Span) : JsValue.Null);
        pairs.Method("set", 2, (_, _, args) =>
        {
            var rows = context().Rows;
            rows.Set(args.At(0), rows.Encode("the value for mjolnir.kv.set", args.At(1)));
            return default;
        });
        pairs.Method("remove", 1, (_, _, args) =>
        {
            var existed = context().Rows.Get(args.At(0)) is not null;
            context().Rows.Set(args.At(0), null);
            return existed;
        });
        pairs.Method("append", 2, (r, _, args) =>
        {
            var rows = context().Rows;
            rows.Set(args.At(0), Appended(r, rows, rows.Get(args.At(0)), rows.Encode("the item for mjolnir.kv.append", args.At(1))));
            return default;
        });
        return pairs;
    }

    /// <summary>A list with one item more: its bytes are copied, not read.</summary>
    private static Document Appended(Realm realm, RowStore rows, Document? list, Document item)
    {
        var old = list is null ? "[]"u8 : list.Utf8.Span;
        if (old[0] != '[')
        {
            throw realm.Abort($"mjolnir.kv.append: the value there is not a list but {Shown(old)}");
        }

        realm.Work(old.Length >> 2);
        byte[] bytes = [.. old[..^1], .. old.Length > 2 ? ","u8 : default, .. item.Utf8.Span, (byte)']'];
        return rows.Sized("the list for mjolnir.kv.append", bytes);
    }

    private static string Shown(ReadOnlySpan<byte> json)
    {
        var text = Encoding.UTF8.GetString(json);
        return text.Length <= 40 ? text : text[..40] + "…";
    }
}
