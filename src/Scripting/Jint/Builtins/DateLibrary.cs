using Mjolnir.Scripting.Jint.Realms;
using Mjolnir.Scripting.Jint.Values;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Date (15.9). The server's time zone is UTC, and now is the transaction's moment, the same all through a run.</summary>
internal static class DateLibrary
{
    public static void Install(Realm realm)
    {
        var prototype = new JsObject(realm, realm.Intrinsics.ObjectPrototype);
        realm.Intrinsics.DatePrototype = prototype;
        var constructor = realm.Constructor("Date", 7, prototype, (r, _, _) => DateText.Full(r.Seed.Now), (r, args) => new JsDate(r, prototype, TimeOf(r, args)));
        constructor.Method("now", 0, (r, _, _) => r.Seed.Now);
        constructor.Method("parse", 1, (_, _, args) => DateText.Parse(Operators.ToText(args.At(0))));
        constructor.Method("UTC", 7, (_, _, args) => FromParts(args));
        InstallTexts(prototype);
        InstallReads(prototype);
        InstallWrites(prototype);
    }

    private static JsDate This(Realm realm, JsValue self) => self.Object as JsDate ?? throw realm.TypeError("this is not a Date object.");

    private static double TimeOf(Realm realm, JsValue[] args)
    {
        if (args.Length == 0)
        {
            return realm.Seed.Now;
        }

        if (args.Length > 1)
        {
            return FromParts(args);
        }

        if (args[0].Object is JsDate date)
        {
            return date.Time;
        }

        var value = Operators.ToPrimitive(args[0]);
        return value.IsString ? DateText.Parse(value.Text!) : Calendar.Clip(Operators.ToNumber(value));
    }

    private static double FromParts(JsValue[] args)
    {
        var parts = new double[] { double.NaN, 0, 1, 0, 0, 0, 0 };
        for (var i = 0; i < Math.Min(args.Length, parts.Length); i++)
        {
            parts[i] = Operators.ToNumber(args[i]);
        }

        var year = Math.Truncate(parts[0]);
        parts[0] = year is >= 0 and <= 99 ? 1900 + year : parts[0];
        return Calendar.Clip(Calendar.Time(Calendar.Day(parts[0], parts[1], parts[2]), Calendar.TimeInDay(parts[3], parts[4], parts[5], parts[6])));
    }

    private static void InstallTexts(JsObject prototype)
    {
        Text(prototype, "toString", DateText.Full);
        Text(prototype, "toDateString", DateText.Day);
        Text(prototype, "toTimeString", DateText.TimeOfDay);
        Text(prototype, "toUTCString", DateText.Utc);
        Text(prototype, "toGMTString", DateText.Utc);
        Text(prototype, "toLocaleString", DateText.Locale);
        Text(prototype, "toLocaleDateString", DateText.LocaleDay);
        Text(prototype, "toLocaleTimeString", DateText.LocaleTime);
        prototype.Method("toISOString", 0, (r, self, _) =>
            double.IsNaN(This(r, self).Time) ? throw r.RangeError("Invalid time value") : DateText.Iso(This(r, self).Time));
        prototype.Method("toJSON", 1, (r, self, _) =>
        {
            var time = Operators.ToPrimitive(self, JsKind.Number);
            return time.IsNumber && !double.IsFinite(time.Number)
                ? JsValue.Null
                : r.RequireFunction(Operators.ToObject(r, self).Get("toISOString")).Call(self, []);
        });
    }

    private static void Text(JsObject prototype, string name, Func<double, string> format) =>
        prototype.Method(name, 0, (r, self, _) => double.IsNaN(This(r, self).Time) ? "Invalid Date" : format(This(r, self).Time));

    private static void InstallReads(JsObject prototype)
    {
        prototype.Method("valueOf", 0, (r, self, _) => This(r, self).Time);
        prototype.Method("getTime", 0, (r, self, _) => This(r, self).Time);
        prototype.Method("getTimezoneOffset", 0, (r, self, _) => double.IsNaN(This(r, self).Time) ? double.NaN : 0);
        prototype.Method("getYear", 0, (r, self, _) => Calendar.Year(This(r, self).Time) - 1900);
        Read(prototype, "FullYear", Calendar.Year);
        Read(prototype, "Month", Calendar.Month);
        Read(prototype, "Date", Calendar.DayOfMonth);
        Read(prototype, "Day", Calendar.WeekDay);
        Read(prototype, "Hours", Calendar.Hour);
        Read(prototype, "Minutes", Calendar.Minute);
        Read(prototype, "Seconds", Calendar.Second);
        Read(prototype, "Milliseconds", Calendar.Millisecond);
    }

    private static void Read(JsObject prototype, string part, Func<double, double> read)
    {
        foreach (var name in new[] { "get" + part, "getUTC" + part })
        {
            prototype.Method(name, 0, (r, self, _) =>
            {
                var time = This(r, self).Time;
                return double.IsNaN(time) ? time : read(time);
            });
        }
    }

    private static void InstallWrites(JsObject prototype)
    {
        prototype.Method("setTime", 1, (r, self, args) => This(r, self).Time = Calendar.Clip(Operators.ToNumber(args.At(0))));
        Write(prototype, "FullYear", 0, 3);
        Write(prototype, "Month", 1, 2);
        Write(prototype, "Date", 2, 1);
        Write(prototype, "Hours", 3, 4);
        Write(prototype, "Minutes", 4, 3);
        Write(prototype, "Seconds", 5, 2);
        Write(prototype, "Milliseconds", 6, 1);
    }

    /// <summary>A setter of some parts, from the first of year, month, day, hours, minutes, seconds, milliseconds on.</summary>
    private static void Write(JsObject prototype, string name, int first, int count)
    {
        NativeBody body = (r, self, args) =>
        {
            var date = This(r, self);
            var given = args.Take(count).Select(Operators.ToNumber).DefaultIfEmpty(double.NaN).ToArray();
            var time = double.IsNaN(date.Time) && first == 0 ? 0 : date.Time;
            double[] parts = [Calendar.Year(time), Calendar.Month(time), Calendar.DayOfMonth(time), Calendar.Hour(time), Calendar.Minute(time), Calendar.Second(time), Calendar.Millisecond(time)];
            given.CopyTo(parts, first);
            date.Time = Calendar.Clip(Calendar.Time(Calendar.Day(parts[0], parts[1], parts[2]), Calendar.TimeInDay(parts[3], parts[4], parts[5], parts[6])));
            return date.Time;
        };
        prototype.Method("set" + name, count, body);
        prototype.Method("setUTC" + name, count, body);
    }
}
