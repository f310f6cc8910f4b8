using Mjolnir.Scripting.Jint.Builtins;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Dom;

/// <summary>The browser's other globals: window, location, console, dialogs, and those that have no meaning on the server.</summary>
internal static class WindowObjects
{
    public static void Install(PageWorld world)
    {
        var global = world.Realm.Global;
        global.Set("window", global, Attributes.Hidden);
        global.Set("self", global, Attributes.Hidden);
        InstallLocation(world);
        InstallConsole(world);
        InstallDialogs(world);
        InstallUnsupported(world);
        foreach (var name in new[] { "addEventListener", "removeEventListener" })
        {
            global.Method(name, 2, (_, _, _) => world.Run is null ? default : world.Unsupported($"{name}() in a handler"));
        }

        foreach (var name in new[] { "clearTimeout", "clearInterval", "cancelAnimationFrame" })
        {
            global.Method(name, 1, (_, _, _) => world.Unsupported($"{name}()"));
        }
    }

    private static void Accessor(this JsObject o, string name, Func<JsValue> read, Action<JsValue> write) => o.Define(name, new Descriptor
    {
        HasGetter = true,
        Getter = new NativeFunction(o.Realm, name, 0, (_, _, _) => read()),
        HasSetter = true,
        Setter = new NativeFunction(o.Realm, name, 1, (_, _, args) =>
        {
            write(args.At(0));
            return default;
        }),
        Enumerable = true,
        Configurable = true,
    });

    private static void InstallLocation(PageWorld world)
    {
        var realm = world.Realm;
        var location = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        string Path() => world.Run?.Path ?? world.Page.Path;
        void Go(JsValue url)
        {
            var text = Operators.ToText(url);
            world.Change(changes => changes.Effect("location", text));
        }

        location.Accessor("href", () => Path(), Go);
        location.Accessor("pathname", () => Path(), Go);
        foreach (var name in new[] { "search", "hash", "host", "hostname", "origin", "protocol", "port" })
        {
            location.Accessor(name, () => world.Unsupported($"location.{name}"), _ => world.Unsupported($"assigning location.{name}"));
        }

        foreach (var name in new[] { "assign", "replace" })
        {
            location.Method(name, 1, (_, _, args) =>
            {
                Go(args.At(0));
                return default;
            });
        }

        location.Method("reload", 0, (_, _, _) =>
        {
            world.Change(changes => changes.Effect("reload", JsValue.Null));
            return default;
        });
        location.Method("toString", 0, (_, _, _) => Path());
        realm.Global.Accessor("location", () => location, Go);
    }

    private static void InstallConsole(PageWorld world)
    {
        var console = new JsObject(world.Realm, world.Realm.Intrinsics.ObjectPrototype);
        foreach (var name in new[] { "log", "info", "warn", "error", "debug", "trace" })
        {
            console.Method(name, 0, (r, _, args) =>
            {
                var text = string.Join(' ', args.Select(a => Show(r, a)));
                world.Change(changes => changes.Effect("log", text));
                return default;
            });
        }

        world.Realm.Global.Set("console", console, Attributes.Hidden);
    }

    private static string Show(Realm realm, JsValue value) => value.Object switch
    {
        null => Operators.ToText(value),
        JsError error => ErrorLibrary.Describe(error),
        JsFunction function => function.SourceText,
        _ => GlobalValues.Json(realm, value) ?? "undefined",
    };

    private static void InstallDialogs(PageWorld world)
    {
        var global = world.Realm.Global;
        global.Method("alert", 1, (_, _, args) =>
        {
            var text = args.Length == 0 ? "" : Operators.ToText(args[0]);
            world.Change(changes => changes.Effect("alert", text));
            return default;
        });
        foreach (var name in new[] { "confirm", "prompt" })
        {
            global.Method(name, 1, (_, _, _) => world.Unsupported($"{name}(): a transaction cannot wait for the user; ask before it, in a function that does not use mjolnir"));
        }
    }

    private static void InstallUnsupported(PageWorld world)
    {
        foreach (var name in BrowserMembers.Globals)
        {
            // Testing for it with typeof must not end a run: the function itself does.
            world.Realm.Global.Set(name, new UnsupportedObject(world, name), Attributes.Hidden);
        }
    }

    /// <summary>Something of the browser: there, but any use of it in a handler ends the run.</summary>
    private sealed class UnsupportedObject(PageWorld world, string name) : JsFunction(world.Realm, world.Realm.Intrinsics.FunctionPrototype)
    {
        public override bool IsConstructor => true;

        public override bool TryGetOwn(string key, out Slot slot)
        {
            slot = new Slot(key, world.Unsupported($"{name}.{key}"), Attributes.Plain);
            return true;
        }

        public override void Put(string key, JsValue value, bool strict) => world.Unsupported($"assigning {name}.{key}");

        protected override JsValue Invoke(JsValue self, JsValue[] args) => world.Unsupported($"{name}()");

        protected override JsObject Construct(JsValue[] args) => world.Unsupported($"new {name}()").Object!;
    }
}
