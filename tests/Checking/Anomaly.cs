namespace Mjolnir.Checking;

/// <summary>Something that no correct system does.</summary>
/// <param name="Kind">its name: <c>G1a</c>, <c>G-single-realtime</c>, <c>lost update</c>, …</param>
/// <param name="Explanation">what was seen, in words, with the operations concerned</param>
public sealed record Anomaly(string Kind, string Explanation)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Kind}: {Explanation}";
}

/// <summary>What is done with the findings of a checker.</summary>
public static class Anomalies
{
    private const int Shown = 10;

    /// <summary>Passes if nothing was found.</summary>
    /// <param name="anomalies">what a checker found</param>
    /// <param name="context">what must be known to see it again: seed, command</param>
    /// <exception cref="AnomalyException">something was found; the message shows it</exception>
    public static void RequireNone(this IReadOnlyCollection<Anomaly> anomalies, string context = "")
    {
        if (anomalies.Count > 0)
        {
            throw new AnomalyException($"{anomalies.Count} anomalies. {context}\n{string.Join("\n\n", anomalies.Take(Shown))}");
        }
    }
}

/// <summary>A history breaks a promise.</summary>
public sealed class AnomalyException(string message) : Exception(message);
