using System.Globalization;
using System.Text.RegularExpressions;

namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Dates as text and back, in UTC: the ISO format of 15.9.1.15 and the formats that <c>toString</c> and <c>toUTCString</c> write, read leniently.</summary>
internal static partial class DateText
{
    /// <summary>No date is longer; a longer text is not looked at.</summary>
    private const int MaxLength = 100;

    private static readonly string[] Days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    private static readonly string[] Months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    public static string Iso(double time) => $"{IsoYear(Calendar.Year(time))}-{Two(Calendar.Month(time) + 1)}-{Two(Calendar.DayOfMonth(time))}T{Clock(time)}.{Padded(Calendar.Millisecond(time), 3)}Z";

    public static string Full(double time) => $"{Day(time)} {TimeOfDay(time)}";

    public static string Day(double time) => $"{Days[(int)Calendar.WeekDay(time)]} {Months[(int)Calendar.Month(time)]} {Two(Calendar.DayOfMonth(time))} {PlainYear(time)}";

    public static string TimeOfDay(double time) => $"{Clock(time)} GMT+0000 (Coordinated Universal Time)";

    public static string Utc(double time) => $"{Days[(int)Calendar.WeekDay(time)]}, {Two(Calendar.DayOfMonth(time))} {Months[(int)Calendar.Month(time)]} {PlainYear(time)} {Clock(time)} GMT";

    public static string Locale(double time) => $"{LocaleDay(time)}, {LocaleTime(time)}";

    public static string LocaleDay(double time) => string.Create(CultureInfo.InvariantCulture, $"{Calendar.Month(time) + 1}/{Calendar.DayOfMonth(time)}/{Calendar.Year(time)}");

    public static string LocaleTime(double time)
    {
        var hour = Calendar.Hour(time);
        return string.Create(CultureInfo.InvariantCulture, $"{(hour % 12 == 0 ? 12 : hour % 12)}:{Two(Calendar.Minute(time))}:{Two(Calendar.Second(time))} {(hour < 12 ? "AM" : "PM")}");
    }

    /// <summary>Milliseconds since 1970, or NaN for what is no date.</summary>
    public static double Parse(string text)
    {
        text = text.Trim();
        if (text.Length > MaxLength)
        {
            return double.NaN;
        }

        var iso = IsoPattern().Match(text);
        return Calendar.Clip(iso.Success ? FromIso(iso) : FromWords(text));
    }

    private static double FromIso(Match m)
    {
        var year = Part(m, "year", 0);
        double month = Part(m, "month", 1), day = Part(m, "day", 1), hour = Part(m, "hour", 0), minute = Part(m, "minute", 0), second = Part(m, "second", 0);
        if (month is < 1 or > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 59 || m.Groups["year"].Value == "-000000")
        {
            return double.NaN;
        }

        var fraction = m.Groups["fraction"].Success ? Math.Floor(double.Parse("0." + m.Groups["fraction"].Value, CultureInfo.InvariantCulture) * 1000) : 0;
        if (hour == 24 && minute + second + fraction > 0)
        {
            return double.NaN;
        }

        return Calendar.Time(Calendar.Day(year, month - 1, day), Calendar.TimeInDay(hour, minute, second, fraction)) - Zone(m.Groups["zone"].Value);
    }

    private static double FromWords(string text)
    {
        var m = WordsPattern().Match(text);
        if (m.Success)
        {
            var month = Array.FindIndex(Months, name => m.Groups["name"].Value.StartsWith(name, StringComparison.OrdinalIgnoreCase));
            return month < 0 ? double.NaN : Assemble(m, month);
        }

        m = SlashPattern().Match(text);
        return m.Success ? Assemble(m, Part(m, "month", 1) - 1) : double.NaN;
    }

    private static double Assemble(Match m, double month)
    {
        double year = Part(m, "year", 0), hour = Part(m, "hour", 0);
        var half = m.Groups["half"].Value.ToUpperInvariant();
        if (month is < 0 or > 11 || Part(m, "day", 1) is < 1 or > 31 || hour > 24 || (half.Length > 0 && hour is 0 or > 12))
        {
            return double.NaN;
        }

        year += m.Groups["year"].Length <= 2 ? (year < 50 ? 2000 : 1900) : 0;
        hour = half.Length == 0 ? hour : (hour % 12) + (half == "PM" ? 12 : 0);
        var time = Calendar.TimeInDay(hour, Part(m, "minute", 0), Part(m, "second", 0), 0);
        return Calendar.Time(Calendar.Day(year, month, Part(m, "day", 1)), time) - Zone(m.Groups["zone"].Value);
    }

    private static double Part(Match m, string name, double otherwise) =>
        m.Groups[name].Success && m.Groups[name].Length > 0 ? double.Parse(m.Groups[name].ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : otherwise;

    private static double Zone(string zone)
    {
        var digits = string.Concat(zone.Where(char.IsAsciiDigit));
        if (digits.Length < 4)
        {
            return 0;
        }

        var minutes = (int.Parse(digits[..2], CultureInfo.InvariantCulture) * 60) + int.Parse(digits[2..4], CultureInfo.InvariantCulture);
        return minutes * 60_000.0 * (zone.Contains('-') ? -1 : 1);
    }

    private static string Clock(double time) => $"{Two(Calendar.Hour(time))}:{Two(Calendar.Minute(time))}:{Two(Calendar.Second(time))}";

    private static string Two(double value) => Padded(value, 2);

    private static string Padded(double value, int digits) => ((long)value).ToString("D" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string PlainYear(double time)
    {
        var year = Calendar.Year(time);
        return year < 0 ? "-" + Padded(-year, 6) : Padded(year, 4);
    }

    private static string IsoYear(double year) =>
        year is >= 0 and <= 9999 ? Padded(year, 4) : (year < 0 ? "-" : "+") + Padded(Math.Abs(year), 6);

    [GeneratedRegex(@"^(?<year>\d{4}|[+-]\d{6})(-(?<month>\d\d)(-(?<day>\d\d))?)?([T ](?<hour>\d\d):(?<minute>\d\d)(:(?<second>\d\d)(\.(?<fraction>\d+))?)?(?<zone>Z|[+-]\d\d:?\d\d)?)?$", RegexOptions.CultureInvariant, 100)]
    private static partial Regex IsoPattern();

    [GeneratedRegex(@"^([A-Za-z]{3,9},?\s+)?((?<name>[A-Za-z]{3,9})\.?\s+(?<day>\d{1,2}),?|(?<day>\d{1,2})[ -](?<name>[A-Za-z]{3,9}),?)[ -]+(?<year>\d{1,6})(,?\s+(?<hour>\d{1,2}):(?<minute>[0-5]\d)(:(?<second>[0-5]\d))?(\s*(?<half>[AaPp][Mm]))?)?(\s*(Z|GMT|UTC)?(?<zone>[+-]\d{4})?)?(\s*\(.*\))?$", RegexOptions.CultureInvariant, 100)]
    private static partial Regex WordsPattern();

    [GeneratedRegex(@"^((?<month>\d{1,2})[/-](?<day>\d{1,2})[/-](?<year>\d{1,6})|(?<year>\d{4})/(?<month>\d{1,2})/(?<day>\d{1,2}))(,?\s+(?<hour>\d{1,2}):(?<minute>[0-5]\d)(:(?<second>[0-5]\d))?(\s*(?<half>[AaPp][Mm]))?)?(\s*(Z|GMT|UTC)?(?<zone>[+-]\d{4})?)?$", RegexOptions.CultureInvariant, 100)]
    private static partial Regex SlashPattern();
}
