using System.Globalization;
using Mjolnir.Simulation.Tests.Faults;

namespace Mjolnir.Simulation.Tests.Runs;

/// <summary>
/// What a run leaves out of what its seed gives it: fewer operations, faults and kinds of weather. The dice fall otherwise behind what is left out, so it is another run; from the same seed and the same
/// shortening it is always the same one.
/// </summary>
internal sealed record Shortening
{
    /// <summary>Operations that clients ask for at most; null: as the seed says.</summary>
    public int? Operations { get; init; }

    /// <summary>Faults at most; null: as the seed says.</summary>
    public int? Faults { get; init; }

    /// <summary>Faults that do not happen, counted from 0.</summary>
    public IReadOnlySet<int> Skipped { get; init; } = new SortedSet<int>();

    /// <summary>Kinds of weather that are fair, by their names in <see cref="Weather"/>.</summary>
    public IReadOnlySet<string> Fair { get; init; } = new SortedSet<string>(StringComparer.Ordinal);

    /// <summary>Kinds of weather that can be left out.</summary>
    public static IReadOnlyList<string> Kinds => Weather.Kinds;

    /// <summary>As the command line has it; empty if nothing is left out.</summary>
    public string Arguments => string.Concat(
        Operations is { } operations ? string.Create(CultureInfo.InvariantCulture, $" --operations {operations}") : "",
        Faults is { } faults ? string.Create(CultureInfo.InvariantCulture, $" --faults {faults}") : "",
        Skipped.Count > 0 ? $" --skip {string.Join(',', Skipped)}" : "",
        Fair.Count > 0 ? $" --fair {string.Join(',', Fair)}" : "");
}
