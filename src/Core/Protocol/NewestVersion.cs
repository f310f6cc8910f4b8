using Mjolnir.Core.Segments;
using Mjolnir.Core.Violations;

namespace Mjolnir.Core.Protocol;

/// <summary>Which of two stored lines of one key says what the row is now (invariant 6).</summary>
public static class NewestVersion
{
    /// <summary>
    /// The newer of two lines of one key: the higher version. A transaction id starts at version 1 again when it is used again after its expiry, so there
    /// the later life counts first; two lives are at least the time of expiry apart, far more than clocks differ.
    /// </summary>
    /// <exception cref="CorruptDataException">both claim the same version and are not the same: a version was used twice</exception>
    public static SegmentRow Of(in SegmentRow one, in SegmentRow other)
    {
        var order = one.Time != other.Time ? one.Time.CompareTo(other.Time) : one.Version.Version.CompareTo(other.Version.Version);
        if (order == 0 && one.Version != other.Version)
        {
            throw new CorruptDataException(
                $"Version {one.Version.Version} of {one.Key} exists twice: by {one.Version.Stamp} and by {other.Version.Stamp}")
            {
                Kind = ViolationKind.VersionDuplicate,
            };
        }

        return order >= 0 ? one : other;
    }
}
