using System.Text.RegularExpressions;
using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Strings;

namespace Mjolnir.Scripting.Jint.Values;

/// <summary>A number, boolean or string as an object (<c>new Number(1)</c>, or for a moment the base of a member).</summary>
internal sealed class JsWrapper(Realm realm, JsObject prototype, JsValue value) : JsObject(realm, prototype)
{
    public JsValue Value { get; } = value;

    public override string Class => Value.Kind switch
    {
        JsKind.Number => "Number",
        JsKind.Boolean => "Boolean",
        _ => "String",
    };

    public override bool TryGetOwn(string key, out Slot slot)
    {
        if (Value.Text is { } text)
        {
            if (key == "length")
            {
                slot = new Slot(key, text.Length, Attributes.None);
                return true;
            }

            if (ArrayIndex.TryParse(key, out var index) && index < text.Length)
            {
                slot = new Slot(key, Characters.Text(text[(int)index]), Attributes.Enumerable);
                return true;
            }
        }

        return base.TryGetOwn(key, out slot);
    }

    public override void Put(string key, JsValue value, bool strict)
    {
        if (Value.IsString && TryGetOwn(key, out var slot) && !slot.Writable)
        {
            if (strict)
            {
                throw Realm.TypeError($"Cannot assign to read only property '{key}' of object");
            }

            return;
        }

        base.Put(key, value, strict);
    }

    public override List<string> OwnKeys()
    {
        var keys = new List<string>();
        if (Value.Text is { } text)
        {
            Realm.Work(text.Length);
            for (var i = 0; i < text.Length; i++)
            {
                keys.Add(ArrayIndex.Text((uint)i));
            }

            keys.Add("length");
        }

        keys.AddRange(base.OwnKeys());
        return keys;
    }
}

/// <summary>A thrown error, with the place where it was made.</summary>
internal sealed class JsError(Realm realm, JsObject prototype) : JsObject(realm, prototype)
{
    public override string Class => "Error";

    /// <summary>Where in the author's file; null outside of it.</summary>
    public Compilation.Site? Site { get; } = realm.At;
}

/// <summary>A moment in milliseconds since 1970, UTC; NaN is an invalid date. The server's time zone is UTC.</summary>
internal sealed class JsDate(Realm realm, JsObject prototype, double time) : JsObject(realm, prototype)
{
    private double _time = time;

    public override string Class => "Date";

    public double Time
    {
        get => _time;
        set
        {
            Touch();
            _time = value;
        }
    }

    internal override object Save() => (base.Save(), _time);

    internal override void Restore(object saved)
    {
        var (o, time) = ((object, double))saved;
        base.Restore(o);
        _time = time;
    }
}

/// <summary>A regular expression: pattern and flags are shared and never change; <c>lastIndex</c> is an ordinary property.</summary>
internal sealed class JsRegExp : JsObject
{
    public JsRegExp(Realm realm, Pattern pattern)
        : base(realm, realm.Intrinsics.RegExpPrototype)
    {
        Pattern = pattern;
        Set("lastIndex", 0, Attributes.Writable);
    }

    public Pattern Pattern { get; }

    public override string Class => "RegExp";

    /// <summary>Matches from a place on; ends the run if the match takes too long.</summary>
    public Match? Match(string text, int from)
    {
        Realm.Work(16 + ((text.Length - from) / 8));
        try
        {
            var match = Pattern.Regex.Match(text, from);
            return match.Success ? match : null;
        }
        catch (RegexMatchTimeoutException)
        {
            throw Realm.Limit($"the regular expression /{Pattern.Source}/ took longer than {Realm.Limits.RegexTimeout.TotalMilliseconds} ms");
        }
    }
}
