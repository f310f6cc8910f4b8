namespace Mjolnir.Core.Routing;

/// <summary>Sizes of what routing learns.</summary>
public static class RoutingLimits
{
    /// <summary>Handlers learned: more than an application has. Only names that a server ran are learned.</summary>
    public const int Handlers = 10_000;

    /// <summary>Calls of a handler that are all learned from.</summary>
    public const int FirstLessons = 32;

    /// <summary>After that one call in so many, so that learning costs nothing.</summary>
    public const int LessonEvery = 64;

    /// <summary>Share of one lesson in the running average.</summary>
    public const double LessonWeight = 0.1;

    /// <summary>A part of the call that names a row less often than this is no prediction.</summary>
    public const double LeastScore = 0.5;

    /// <summary>A part of the call that names a row less often than this is no reason to ask for the row before the handler does: nine wasted reads cost about what one spared run is worth.</summary>
    public const double LeastForesight = 0.8;

    /// <summary>Rows asked for before a call's first run; a handler that reads more of them asks for the others itself.</summary>
    public const int Foreseen = 8;

    /// <summary>Tables of one handler that are looked at.</summary>
    public const int Tables = 8;

    /// <summary>Places of a handler's calls that are remembered; callers choose the names of fields, so there must be an end. All that one call can have, twice.</summary>
    public const int Sources = 2 * (1 + Arguments + Inputs);

    /// <summary>Arguments looked at. At most 32: they are the bits of one number.</summary>
    public const int Arguments = 8;

    /// <summary>Input fields looked at.</summary>
    public const int Inputs = 16;

    /// <summary>Calls after which it is worked out anew which hot slots are run together: a second of a busy cluster or less.</summary>
    public const int CompanyWindow = 4_096;

    /// <summary>Touches that make a slot hot, older ones counting half and so on: about half a per cent of all calls. Below that two servers seldom want a row at the same moment.</summary>
    public const int CompanyTouches = 40;

    /// <summary>Hot slots looked at: 200 slots of half a per cent would be all calls; those beyond the first 64 are hardly hot.</summary>
    public const int CompanySlots = 64;

    /// <summary>Calls of one window that two hot slots have in common before they are run together: chance meetings of slots that are spread evenly stay below.</summary>
    public const int CompanyMeetings = 8;

    /// <summary>Slots that one prediction gives, hottest first: a handler that touches more rows is at home nowhere.</summary>
    public const int Predicted = 4;

    /// <summary>Longest value that can be a primary key, in characters (of the user), or in bytes as it stands in the JSON.</summary>
    public const int ValueLength = 220;

    /// <summary>UTF-8 bytes of such a value: a character has three at most.</summary>
    public const int ValueBytes = 3 * ValueLength;

    /// <summary>Counters in a row of the heat table, a power of two: 16,384 keys touched in one window disturb each other little, and all rows together (128 KiB) stay in a core's cache.</summary>
    public const int HeatCounters = 1 << 14;

    /// <summary>Rows of the heat table: with four, a cold key looks hot only if it meets hot ones in all of them.</summary>
    public const int HeatRows = 4;

    /// <summary>Touches after which all heat is halved: some seconds of a busy cluster, and below what a counter can hold.</summary>
    public const int HeatWindow = 1 << 15;
}
