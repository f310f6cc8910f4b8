using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Manifests;

/// <summary>What an entry of the run chain did.</summary>
public enum RunChainKind
{
    /// <summary>Merged segments or runs below the stable cut into new runs (W5).</summary>
    Run,

    /// <summary>Lowered the watermarks because queues were lost (W4).</summary>
    Cut,
}

/// <summary>One object of merged rows: all keys of a slot range that its inputs held, each once, in key order.</summary>
/// <param name="Object">the object's name</param>
/// <param name="Level">how often its rows were merged: 1 from segments, one more each time; runs of one level are merged together</param>
/// <param name="Made">the number of the chain entry that added it: objects made together share it</param>
/// <param name="FirstSlot">first slot of the range</param>
/// <param name="LastSlot">last slot, included</param>
/// <param name="Rows">rows in it</param>
/// <param name="Bytes">its size</param>
public sealed record Run(string Object, int Level, long Made, int FirstSlot, int LastSlot, long Rows, long Bytes);

/// <summary>How far the runs hold a log: its manifest up to here needs not be read any more.</summary>
/// <param name="Log">the log</param>
/// <param name="Batch">all its batches up to this one are in the runs</param>
/// <param name="Entry">the manifest entry that ends with that batch</param>
/// <param name="LastView">the highest view marker up to there</param>
/// <param name="Watermark">the sealed watermark, when the log is sealed and held completely; its manifest needs not be read at all</param>
public sealed record LogCoverage(string Log, long Batch, long Entry, long LastView, long? Watermark);

/// <summary>
/// One entry of the numbered chain of runs and cuts. Each tells the whole state, so only the newest counts; it is created if absent, and who finds its
/// number taken starts over from the newest (W5).
/// </summary>
/// <param name="Number">from 1, consecutive</param>
/// <param name="Kind">what this entry did</param>
/// <param name="Runs">the runs that hold what is covered</param>
/// <param name="Covered">per log how far the runs hold it, in order of the logs' names</param>
/// <param name="Cut">per log the lowered watermark, by all cuts so far; never raised (W4)</param>
/// <param name="Lost">the logs whose queue was lost, in all cuts so far: a cut for a loss is made once</param>
/// <param name="Writer">random id of who made it: an own entry whose answer was lost is recognised by it</param>
/// <param name="UnixMilliseconds">the maker's clock, for people and for late garbage collection</param>
public sealed record RunChainEntry(
    long Number,
    RunChainKind Kind,
    IReadOnlyList<Run> Runs,
    IReadOnlyList<LogCoverage> Covered,
    IReadOnlyList<Stamp> Cut,
    IReadOnlyList<string> Lost,
    string Writer,
    long UnixMilliseconds)
{
    /// <summary>The chain before its first entry.</summary>
    public static readonly RunChainEntry Empty = new(0, RunChainKind.Run, [], [], [], [], "", 0);

    /// <summary>How far the runs hold a log; null if not at all.</summary>
    public LogCoverage? CoverageOf(string log) => Covered.FirstOrDefault(covered => covered.Log == log);

    /// <summary>The watermark to which the cuts lowered a log; null if they did not.</summary>
    public long? CutOf(string log)
    {
        foreach (var stamp in Cut)
        {
            if (stamp.Log == log)
            {
                return stamp.Batch;
            }
        }

        return null;
    }
}

/// <summary>A run chain entry as a JSON object with format and checksum. Pinned by a snapshot test.</summary>
public static class RunChainCodec
{
    private const int Format = 1;

    /// <summary>The bytes of an entry.</summary>
    public static byte[] Encode(RunChainEntry entry) => CheckedJson.Encode(Format, entry, ObjectJson.Default.RunChainEntry);

    /// <summary>The entry in these bytes.</summary>
    /// <param name="objectName">the object, for messages</param>
    /// <param name="bytes">its content</param>
    /// <exception cref="CorruptDataException">damaged, or of an unknown format</exception>
    public static RunChainEntry Decode(string objectName, ReadOnlySpan<byte> bytes) =>
        CheckedJson.Decode(objectName, Format, bytes, ObjectJson.Default.RunChainEntry);
}
