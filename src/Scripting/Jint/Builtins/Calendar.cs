namespace Mjolnir.Scripting.Jint.Builtins;

/// <summary>Days, months and years of the language's time: milliseconds since 1970 in the Gregorian calendar without end (15.9.1).</summary>
internal static class Calendar
{
    public const double MillisecondsPerDay = 86_400_000;

    /// <summary>A hundred million days either way.</summary>
    private const double MaxTime = 8.64e15;

    public static double Clip(double time) => double.IsFinite(time) && Math.Abs(time) <= MaxTime ? Math.Truncate(time) + 0.0 : double.NaN;

    public static double Time(double day, double timeInDay) => (day * MillisecondsPerDay) + timeInDay;

    public static double TimeInDay(double hour, double minute, double second, double millisecond) =>
        (Math.Truncate(hour) * 3_600_000) + (Math.Truncate(minute) * 60_000) + (Math.Truncate(second) * 1000) + Math.Truncate(millisecond);

    /// <summary>The number of a day; month and day may lie outside of their year and month.</summary>
    public static double Day(double year, double month, double day)
    {
        if (!double.IsFinite(year) || !double.IsFinite(month) || !double.IsFinite(day))
        {
            return double.NaN;
        }

        var months = Math.Truncate(month);
        var y = Math.Truncate(year) + Math.Floor(months / 12);
        if (Math.Abs(y) > 400_000)
        {
            return double.NaN;
        }

        return DaysFromCivil((long)y, (int)(months - (Math.Floor(months / 12) * 12)) + 1) + Math.Truncate(day) - 1;
    }

    public static double Year(double time) => double.IsNaN(time) ? time : Civil(time).Year;

    public static double Month(double time) => double.IsNaN(time) ? time : Civil(time).Month - 1;

    public static double DayOfMonth(double time) => double.IsNaN(time) ? time : Civil(time).Day;

    public static double WeekDay(double time) => Modulo(Math.Floor(time / MillisecondsPerDay) + 4, 7);

    public static double Hour(double time) => Modulo(Math.Floor(time / 3_600_000), 24);

    public static double Minute(double time) => Modulo(Math.Floor(time / 60_000), 60);

    public static double Second(double time) => Modulo(Math.Floor(time / 1000), 60);

    public static double Millisecond(double time) => Modulo(time, 1000);

    private static double Modulo(double a, double b) => a - (Math.Floor(a / b) * b);

    /// <summary>Days from 1970-01-01 to the first of a month; years are counted from March, so that the leap day comes last.</summary>
    private static long DaysFromCivil(long year, int month)
    {
        var y = month <= 2 ? year - 1 : year;
        var era = Math.DivRem(y >= 0 ? y : y - 399, 400).Quotient;
        var yearOfEra = y - (era * 400);
        var dayOfYear = ((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5;
        var dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * 146_097) + dayOfEra - 719_468;
    }

    private static (long Year, int Month, int Day) Civil(double time)
    {
        var day = (long)Math.Floor(time / MillisecondsPerDay) + 719_468;
        var era = (day >= 0 ? day : day - 146_096) / 146_097;
        var dayOfEra = day - (era * 146_097);
        var yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var shifted = ((5 * dayOfYear) + 2) / 153;
        var month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
        var dayOfMonth = (int)(dayOfYear - (((153 * shifted) + 2) / 5) + 1);
        return (yearOfEra + (era * 400) + (month <= 2 ? 1 : 0), month, dayOfMonth);
    }
}
