using System.Text;
using System.Text.RegularExpressions;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Strings;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>String functions that take a text or a regular expression: match, replace, search, split.</summary>
internal static class StringPatterns
{
    public static void Install(JsObject prototype)
    {
        prototype.Method("match", 1, Match);
        prototype.Method("search", 1, Search);
        prototype.Method("replace", 2, (r, self, args) => Replace(r, self, args, all: false));
        prototype.Method("replaceAll", 2, (r, self, args) => Replace(r, self, args, all: true));
        prototype.Method("split", 2, Split);
    }

    private static JsRegExp ToRegExp(Realm realm, JsValue value) =>
        value.Object as JsRegExp ?? RegExpLibrary.Make(realm, value.IsUndefined ? "(?:)" : Operators.ToText(value), "");

    private static JsValue Match(Realm realm, JsValue self, JsValue[] args)
    {
        var text = StringLibrary.Charged(realm, StringLibrary.TextOf(realm, self, "match"));
        var regExp = ToRegExp(realm, args.At(0));
        if (!regExp.Pattern.Global)
        {
            return RegExpLibrary.Execute(regExp, text);
        }

        regExp.Put("lastIndex", 0, strict: true);
        var matches = AllMatches(realm, regExp, text);
        return matches.Count == 0 ? JsValue.Null : ArrayLibrary.FromTexts(realm, matches.ConvertAll(m => m.Value));
    }

    private static JsValue Search(Realm realm, JsValue self, JsValue[] args)
    {
        var text = StringLibrary.Charged(realm, StringLibrary.TextOf(realm, self, "search"));
        return ToRegExp(realm, args.At(0)).Match(text, 0)?.Index ?? -1;
    }

    private static List<Match> AllMatches(Realm realm, JsRegExp regExp, string text)
    {
        var matches = new List<Match>();
        for (var at = 0; at <= text.Length;)
        {
            realm.Tick();
            if (regExp.Match(text, at) is not { } match)
            {
                break;
            }

            matches.Add(match);
            at = match.Index + Math.Max(match.Length, 1);
            if (match.Length == 0)
            {
                at = match.Index + 1;
            }
        }

        return matches;
    }

    private static JsValue Replace(Realm realm, JsValue self, JsValue[] args, bool all)
    {
        var text = StringLibrary.Charged(realm, StringLibrary.TextOf(realm, self, all ? "replaceAll" : "replace"));
        if (args.At(0).Object is not JsRegExp regExp)
        {
            return ReplaceText(realm, text, Operators.ToText(args.At(0)), args.At(1), all);
        }

        if (all && !regExp.Pattern.Global)
        {
            throw realm.TypeError("replaceAll must be called with a global RegExp");
        }

        if (regExp.Pattern.Global)
        {
            regExp.Put("lastIndex", 0, strict: true);
        }

        var matches = regExp.Pattern.Global ? AllMatches(realm, regExp, text) : regExp.Match(text, 0) is { } one ? [one] : [];
        return Assemble(realm, text, args.At(1), matches.ConvertAll(m => new Occurrence(m.Index, m.Value, Groups(regExp, m))));
    }

    private static JsValue ReplaceText(Realm realm, string text, string needle, JsValue replacement, bool all)
    {
        var found = new List<Occurrence>();
        for (var at = TextSearch.IndexOf(text, needle, 0); at >= 0; at = TextSearch.IndexOf(text, needle, at + Math.Max(needle.Length, 1)))
        {
            realm.Tick();
            found.Add(new Occurrence(at, needle, []));
            if (!all || at + Math.Max(needle.Length, 1) > text.Length)
            {
                break;
            }
        }

        return Assemble(realm, text, replacement, found);
    }

    private static string?[] Groups(JsRegExp regExp, Match match) =>
        [.. Enumerable.Range(1, regExp.Pattern.Groups).Select(g => regExp.Pattern.Capture(match, g))];

    /// <summary>One place to be replaced: where, what stands there, and its groups.</summary>
    private sealed record Occurrence(int Index, string Value, string?[] Groups);

    private static JsValue Assemble(Realm realm, string text, JsValue replacement, List<Occurrence> found)
    {
        var function = replacement.Function;
        var template = function is null ? Operators.ToText(replacement) : "";
        var result = new StringBuilder();
        var done = 0;
        foreach (var occurrence in found)
        {
            realm.Tick();
            result.Append(text, done, occurrence.Index - done);
            if (function is not null)
            {
                result.Append(Operators.ToText(function.Call(default, CallbackArguments(occurrence, text))));
            }
            else
            {
                Expand(result, template, occurrence, text);
            }

            realm.RequireTextLength(result.Length, charge: false);
            done = occurrence.Index + occurrence.Value.Length;
        }

        realm.RequireTextLength(result.Length + text.Length - done);
        return found.Count == 0 ? text : result.Append(text, done, text.Length - done).ToString();
    }

    private static JsValue[] CallbackArguments(Occurrence occurrence, string text) =>
        [occurrence.Value, .. occurrence.Groups.Select(g => g is null ? default(JsValue) : g), occurrence.Index, text];

    /// <summary>The replacement text with its dollars filled in (15.5.4.11).</summary>
    private static void Expand(StringBuilder result, string template, Occurrence occurrence, string text)
    {
        for (var i = 0; i < template.Length; i++)
        {
            var next = i + 1 < template.Length ? template[i + 1] : '\0';
            if (template[i] != '$')
            {
                result.Append(template[i]);
            }
            else if (TryGroup(template, i + 1, occurrence.Groups.Length, out var group, out var digits))
            {
                result.Append(occurrence.Groups[group - 1]);
                i += digits;
            }
            else if (next is '$' or '&' or '`' or '\'')
            {
                i++;
                AppendPart(result, next, occurrence, text);
            }
            else
            {
                result.Append('$');
            }
        }
    }

    private static void AppendPart(StringBuilder result, char part, Occurrence occurrence, string text)
    {
        switch (part)
        {
            case '$':
                result.Append('$');
                break;
            case '&':
                result.Append(occurrence.Value);
                break;
            case '`':
                result.Append(text, 0, occurrence.Index);
                break;
            default:
                var end = occurrence.Index + occurrence.Value.Length;
                result.Append(text, end, text.Length - end);
                break;
        }
    }

    private static bool TryGroup(string template, int at, int groups, out int group, out int digits)
    {
        (group, digits) = (0, 0);
        for (var (i, value) = (at, 0); i < template.Length && i < at + 2 && char.IsAsciiDigit(template[i]); i++)
        {
            value = (value * 10) + (template[i] - '0');
            if (value >= 1 && value <= groups)
            {
                (group, digits) = (value, i - at + 1);
            }
        }

        return digits > 0;
    }

    private static JsValue Split(Realm realm, JsValue self, JsValue[] args)
    {
        var text = StringLibrary.Charged(realm, StringLibrary.TextOf(realm, self, "split"));
        var limit = args.At(1).IsUndefined ? uint.MaxValue : Operators.ToUInt32(args[1]);
        var parts = new JsArray(realm, []);
        if (limit == 0)
        {
            return parts;
        }

        if (args.At(0).IsUndefined)
        {
            parts.Push(text);
        }
        else if (args[0].Object is JsRegExp regExp)
        {
            SplitByPattern(realm, text, regExp, limit, parts);
        }
        else
        {
            SplitByText(realm, text, Operators.ToText(args[0]), limit, parts);
        }

        return parts;
    }

    private static void SplitByText(Realm realm, string text, string separator, uint limit, JsArray parts)
    {
        if (separator.Length == 0)
        {
            for (var i = 0; i < text.Length && parts.Length < limit; i++)
            {
                realm.Tick();
                parts.Push(Characters.Text(text[i]));
            }

            return;
        }

        var start = 0;
        for (var at = TextSearch.IndexOf(text, separator, 0); at >= 0 && parts.Length < limit; at = TextSearch.IndexOf(text, separator, start))
        {
            realm.Tick();
            parts.Push(text[start..at]);
            start = at + separator.Length;
        }

        if (parts.Length < limit)
        {
            parts.Push(text[start..]);
        }
    }

    private static void SplitByPattern(Realm realm, string text, JsRegExp regExp, uint limit, JsArray parts)
    {
        if (text.Length == 0)
        {
            if (regExp.Match(text, 0) is null)
            {
                parts.Push(text);
            }

            return;
        }

        var start = 0;
        for (var at = 0; at < text.Length;)
        {
            realm.Tick();
            if (regExp.Match(text, at) is not { } match || match.Index >= text.Length)
            {
                break;
            }

            // A match of nothing, right where the last part ended, separates nothing.
            if (match.Index + match.Length == start)
            {
                at = match.Index + 1;
                continue;
            }

            if (!Push(parts, limit, text[start..match.Index]) || !Array.TrueForAll(Groups(regExp, match), g => Push(parts, limit, g is null ? default(JsValue) : g)))
            {
                return;
            }

            start = match.Index + match.Length;
            at = match.Length == 0 ? start + 1 : start;
        }

        Push(parts, limit, text[start..]);
    }

    private static bool Push(JsArray parts, uint limit, JsValue part)
    {
        if (parts.Length < limit)
        {
            parts.Push(part);
        }

        return parts.Length < limit;
    }
}
