using System.Diagnostics;

namespace Mjolnir.Running;

/// <summary>
/// What a thing takes when nothing else has the processor. Tests that hold a duration against a limit measure this: other programs on the machine only ever
/// add to a measurement, so one that is within the limit says that the program can do it, and only all of them together that it cannot.
/// </summary>
public static class Quickest
{
    /// <summary>Measurements made before a limit counts as missed.</summary>
    private const int Tries = 8;

    /// <summary>The shortest of at most <see cref="Tries"/> measurements, the first within <paramref name="limit"/> being the last made.</summary>
    public static async Task<TimeSpan> OfAsync(TimeSpan limit, Func<Task<TimeSpan>> measure)
    {
        var shortest = TimeSpan.MaxValue;
        for (var i = 0; i < Tries && shortest > limit; i++)
        {
            var took = await measure();
            shortest = took < shortest ? took : shortest;
        }

        return shortest;
    }

    /// <summary><inheritdoc cref="OfAsync(TimeSpan, Func{Task{TimeSpan}})"/> The whole of <paramref name="run"/> is measured.</summary>
    public static Task<TimeSpan> OfAsync(TimeSpan limit, Func<Task> run) => OfAsync(
        limit,
        async () =>
        {
            var began = Stopwatch.GetTimestamp();
            await run();
            return Stopwatch.GetElapsedTime(began);
        });
}
