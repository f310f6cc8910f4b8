using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Strings;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>RegExp (15.10).</summary>
internal static class RegExpLibrary
{
    public static void Install(Realm realm)
    {
        var prototype = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        realm.Intrinsics.RegExpPrototype = prototype;
        realm.Constructor("RegExp", 2, prototype, (r, _, args) => args.At(0).Object is JsRegExp same && args.At(1).IsUndefined ? same : FromArguments(r, args), FromArguments);
        prototype.Method("exec", 1, (r, self, args) => Execute(This(r, self), Operators.ToText(args.At(0))));
        prototype.Method("test", 1, (r, self, args) => !Execute(This(r, self), Operators.ToText(args.At(0))).IsNull);
        prototype.Method("toString", 0, (r, self, _) => $"/{SourceOf(This(r, self))}/{This(r, self).Pattern.Flags}");
        Property(prototype, "source", r => SourceOf(r));
        Property(prototype, "flags", r => r.Pattern.Flags);
        Property(prototype, "global", r => r.Pattern.Global);
        Property(prototype, "ignoreCase", r => r.Pattern.IgnoreCase);
        Property(prototype, "multiline", r => r.Pattern.Multiline);
    }

    /// <summary>Makes a regular expression from texts.</summary>
    public static JsRegExp Make(Realm realm, string source, string flags)
    {
        // Translating and preparing a pattern takes about as long as some fifty steps, and longer for long ones.
        realm.Work(1_000 + (source.Length * 16));
        var pattern = Pattern.TryCreate(source.Length == 0 ? "(?:)" : source, flags, realm.Limits.RegexTimeout, out var mistake);
        return pattern is null ? throw realm.SyntaxError(mistake!) : new JsRegExp(realm, pattern);
    }

    /// <summary><c>exec</c>: the match as an array with index and input, or null; keeps <c>lastIndex</c> of a global expression.</summary>
    public static JsValue Execute(JsRegExp regExp, string text)
    {
        var realm = regExp.Realm;
        var global = regExp.Pattern.Global;
        var from = Operators.ToInteger(regExp.Get("lastIndex"));
        from = global ? from : 0;
        var match = from < 0 || from > text.Length ? null : regExp.Match(text, (int)from);
        if (match is null)
        {
            if (global)
            {
                regExp.Put("lastIndex", 0, strict: true);
            }

            return JsValue.Null;
        }

        if (global)
        {
            regExp.Put("lastIndex", match.Index + match.Length, strict: true);
        }

        var groups = new JsValue[regExp.Pattern.Groups + 1];
        groups[0] = match.Value;
        for (var i = 1; i < groups.Length; i++)
        {
            groups[i] = regExp.Pattern.Capture(match, i) is { } group ? group : default(JsValue);
        }

        var result = new JsArray(realm, groups);
        result.Set("index", match.Index);
        result.Set("input", text);
        return result;
    }

    private static JsRegExp This(Realm realm, JsValue self) =>
        self.Object as JsRegExp ?? throw realm.TypeError("Receiver is not a RegExp");

    private static string SourceOf(JsRegExp regExp)
    {
        var source = regExp.Pattern.Source;
        return source.Contains('/') && !source.Contains("\\/", StringComparison.Ordinal) ? source.Replace("/", "\\/", StringComparison.Ordinal) : source;
    }

    private static JsRegExp FromArguments(Realm realm, JsValue[] args)
    {
        var flags = args.At(1).IsUndefined ? null : Operators.ToText(args[1]);
        return args.At(0).Object is JsRegExp other
            ? Make(realm, other.Pattern.Source, flags ?? other.Pattern.Flags)
            : Make(realm, args.At(0).IsUndefined ? "" : Operators.ToText(args[0]), flags ?? "");
    }

    private static void Property(JsObject prototype, string name, Func<JsRegExp, JsValue> read) => prototype.Define(name, new Descriptor
    {
        HasGetter = true,
        Getter = new NativeFunction(prototype.Realm, name, 0, (_, self, _) => self.Object is JsRegExp regExp ? read(regExp) : default),
        Configurable = true,
    });
}
