using System.Text;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Strings;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>String (15.5) and the string functions of later editions; those with patterns are in <see cref="StringPatterns"/>.</summary>
internal static class StringLibrary
{
    private delegate JsValue TextBody(Realm realm, string text, JsValue[] args);

    public static void Install(Realm realm)
    {
        var prototype = new JsWrapper(realm, realm.Intrinsics.ObjectPrototype, "");
        realm.Intrinsics.StringPrototype = prototype;
        var constructor = realm.Constructor(
            "String",
            1,
            prototype,
            (_, _, args) => args.Length == 0 ? "" : Operators.ToTextValue(args[0]),
            (r, args) => new JsWrapper(r, prototype, args.Length == 0 ? "" : Operators.ToText(args[0])));
        constructor.Method("fromCharCode", 1, (_, _, args) => string.Create(args.Length, args, (span, codes) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = (char)Operators.ToUInt32(codes[i]);
            }
        }));
        prototype.Method("toString", 0, ThisText);
        prototype.Method("valueOf", 0, ThisText);
        InstallPieces(prototype);
        InstallSearches(prototype);
        InstallForms(prototype);
        StringPatterns.Install(prototype);
    }

    private static JsValue ThisText(Realm realm, JsValue self, JsValue[] args) =>
        self.IsString ? self : self.Object is JsWrapper { Value.IsString: true } wrapper ? wrapper.Value : throw realm.TypeError("String.prototype.valueOf requires that 'this' be a String");

    /// <summary>A function that takes a piece of the text that <c>this</c> is: its time does not depend on the text's length.</summary>
    private static void Piece(this JsObject prototype, string name, int length, TextBody body) =>
        prototype.Method(name, length, (r, self, args) => body(r, TextOf(r, self, name), args));

    /// <summary>A function that goes through the text that <c>this</c> is: time in proportion to its length is charged.</summary>
    private static void Text(this JsObject prototype, string name, int length, TextBody body) =>
        prototype.Method(name, length, (r, self, args) => body(r, Charged(r, TextOf(r, self, name)), args));

    internal static string TextOf(Realm realm, JsValue self, string method)
    {
        if (self.IsNullish)
        {
            throw realm.TypeError($"String.prototype.{method} called on null or undefined");
        }

        return Operators.ToText(self);
    }

    internal static string Charged(Realm realm, string text)
    {
        realm.Work(text.Length >> 2);
        return text;
    }

    private static void InstallPieces(JsObject prototype)
    {
        prototype.Piece("charAt", 1, (_, text, args) => CharAt(text, Operators.ToInteger(args.At(0)), out var c) ? Characters.Text(c) : "");
        prototype.Piece("charCodeAt", 1, (_, text, args) => CharAt(text, Operators.ToInteger(args.At(0)), out var c) ? c : double.NaN);
        prototype.Piece("codePointAt", 1, (_, text, args) =>
        {
            var at = Operators.ToInteger(args.At(0));
            if (!CharAt(text, at, out var c))
            {
                return default;
            }

            return char.IsHighSurrogate(c) && CharAt(text, at + 1, out var low) && char.IsLowSurrogate(low) ? char.ConvertToUtf32(c, low) : c;
        });
        prototype.Piece("at", 1, (_, text, args) =>
        {
            var at = Operators.ToInteger(args.At(0));
            return CharAt(text, at < 0 ? at + text.Length : at, out var c) ? Characters.Text(c) : default(JsValue);
        });
        prototype.Piece("slice", 2, (r, text, args) =>
            Between(r, text, Library.Relative(args.At(0), text.Length, 0), Library.Relative(args.At(1), text.Length, text.Length)));
        prototype.Piece("substring", 2, (r, text, args) =>
        {
            var a = Math.Clamp(Operators.ToInteger(args.At(0)), 0, text.Length);
            var b = args.At(1).IsUndefined ? text.Length : Math.Clamp(Operators.ToInteger(args[1]), 0, text.Length);
            return Between(r, text, Math.Min(a, b), Math.Max(a, b));
        });
        prototype.Piece("substr", 2, (r, text, args) =>
        {
            var start = Library.Relative(args.At(0), text.Length, 0);
            var count = args.At(1).IsUndefined ? text.Length : Operators.ToInteger(args[1]);
            return Between(r, text, start, Math.Min(text.Length, start + count));
        });
    }

    private static bool CharAt(string text, double at, out char c)
    {
        var inside = at >= 0 && at < text.Length;
        c = inside ? text[(int)at] : '\0';
        return inside;
    }

    private static string Between(Realm realm, string text, double start, double end) =>
        end > start ? Charged(realm, text[(int)start..(int)end]) : "";

    private static void InstallSearches(JsObject prototype)
    {
        prototype.Text("indexOf", 1, (_, text, args) =>
        {
            var needle = Operators.ToText(args.At(0));
            return TextSearch.IndexOf(text, needle, (int)Math.Clamp(Operators.ToInteger(args.At(1)), 0, text.Length));
        });
        prototype.Text("lastIndexOf", 1, (_, text, args) =>
        {
            var needle = Operators.ToText(args.At(0));
            var from = Operators.ToNumber(args.At(1));
            return TextSearch.LastIndexOf(text, needle, (int)(double.IsNaN(from) ? text.Length : Math.Clamp(Math.Truncate(from), 0, text.Length)));
        });
        prototype.Text("includes", 1, (r, text, args) =>
            TextSearch.IndexOf(text, Needle(r, args, "includes"), (int)Math.Clamp(Operators.ToInteger(args.At(1)), 0, text.Length)) >= 0);
        prototype.Piece("startsWith", 1, (r, text, args) =>
            text.AsSpan((int)Math.Clamp(Operators.ToInteger(args.At(1)), 0, text.Length)).StartsWith(Charged(r, Needle(r, args, "startsWith"))));
        prototype.Piece("endsWith", 1, (r, text, args) =>
        {
            var end = args.At(1).IsUndefined ? text.Length : Math.Clamp(Operators.ToInteger(args[1]), 0, text.Length);
            return text.AsSpan(0, (int)end).EndsWith(Charged(r, Needle(r, args, "endsWith")));
        });
        prototype.Text("localeCompare", 1, (_, text, args) => LocaleOrder.Compare(text, Operators.ToText(args.At(0))));
    }

    private static string Needle(Realm realm, JsValue[] args, string method) =>
        args.At(0).Object is JsRegExp
            ? throw realm.TypeError($"First argument to String.prototype.{method} must not be a regular expression")
            : Operators.ToText(args.At(0));

    private static void InstallForms(JsObject prototype)
    {
        prototype.Text("concat", 1, (r, text, args) => args.Aggregate((JsValue)text, (sum, part) => r.Concat(sum, Operators.ToTextValue(part))));
        prototype.Text("toLowerCase", 0, (_, text, _) => CaseMapping.Lower(text));
        prototype.Text("toLocaleLowerCase", 0, (_, text, _) => CaseMapping.Lower(text));
        prototype.Text("toUpperCase", 0, (_, text, _) => CaseMapping.Upper(text));
        prototype.Text("toLocaleUpperCase", 0, (_, text, _) => CaseMapping.Upper(text));
        prototype.Text("trim", 0, (_, text, _) => Characters.Trim(text).ToString());
        prototype.Text("trimStart", 0, (_, text, _) => Characters.TrimStart(text).ToString());
        prototype.Text("trimEnd", 0, (_, text, _) => Characters.TrimEnd(text).ToString());
        prototype.Text("padStart", 1, (r, text, args) => Padding(r, text, args) + text);
        prototype.Text("padEnd", 1, (r, text, args) => text + Padding(r, text, args));
        prototype.Text("repeat", 1, (r, text, args) => Repeat(r, text, Operators.ToInteger(args.At(0))));
        prototype.Text("normalize", 0, (r, text, args) => Normalize(r, text, args.At(0).IsUndefined ? "NFC" : Operators.ToText(args[0])));
    }

    private static string Padding(Realm realm, string text, JsValue[] args)
    {
        var length = Operators.ToInteger(args.At(0));
        var filler = args.At(1).IsUndefined ? " " : Operators.ToText(args[1]);
        if (length <= text.Length || filler.Length == 0)
        {
            return "";
        }

        realm.RequireTextLength((long)Math.Min(length, long.MaxValue / 2));
        var missing = (int)length - text.Length;
        return Repeat(realm, filler, Math.Ceiling((double)missing / filler.Length))[..missing];
    }

    private static string Repeat(Realm realm, string text, double count)
    {
        if (count < 0 || double.IsInfinity(count))
        {
            throw realm.RangeError($"Invalid count value: {Numbers.Text(count)}");
        }

        if (text.Length == 0)
        {
            return "";
        }

        realm.RequireTextLength((long)Math.Min(text.Length * count, long.MaxValue / 2));
        realm.Work((int)(text.Length * count) >> 2);
        return new StringBuilder().Insert(0, text, (int)count).ToString();
    }

    /// <summary>The platform runs without Unicode's normalization tables here: only text that is normal in every form can be answered.</summary>
    private static string Normalize(Realm realm, string text, string form)
    {
        if (form is not ("NFC" or "NFD" or "NFKC" or "NFKD"))
        {
            throw realm.RangeError("The normalization form should be one of NFC, NFD, NFKC, NFKD.");
        }

        return Ascii.IsValid(text) ? text : throw realm.NotSupported("String.prototype.normalize of text beyond ASCII");
    }
}
