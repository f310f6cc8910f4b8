namespace Mjolnir.Core.Routing;

/// <summary>Sizes of what routing learns.</summary>
public static class RoutingLimits
{
    /// <summary>Handlers learned: more than an application has; names are whitelisted before they get here.</summary>
    public const int Handlers = 10_000;

    /// <summary>Calls of a handler that are all learned from.</summary>
    public const int FirstLessons = 32;

    /// <summary>After that one call in so many, so that learning costs nothing.</summary>
    public const int LessonEvery = 64;

    /// <summary>Share of one lesson in the running average.</summary>
    public const double LessonWeight = 0.1;

    /// <summary>A part of the call that names the row less often than this is no prediction.</summary>
    public const double LeastScore = 0.5;

    /// <summary>Arguments looked at.</summary>
    public const int Arguments = 8;

    /// <summary>Input fields looked at.</summary>
    public const int Inputs = 16;

    /// <summary>Longest value that can be a primary key, in characters.</summary>
    public const int ValueLength = 220;
}
