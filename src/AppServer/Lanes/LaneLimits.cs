namespace Mjolnir.AppServer.Lanes;

/// <summary>Sizes of a lane.</summary>
public static class LaneLimits
{
    /// <summary>Stack in bytes: a script may recurse to its limit with room to spare (a Jint call frame takes about 1.5 KB).</summary>
    public const int StackBytes = 16 * 1024 * 1024;
}
