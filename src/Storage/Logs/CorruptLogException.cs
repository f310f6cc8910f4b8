namespace Mjolnir.Storage.Logs;

/// <summary>
/// A log's files do not hold what was confirmed: a byte was changed, or a file or a part of one is missing. The log is refused as a whole; nothing in it is skipped.
/// </summary>
/// <param name="file">the file</param>
/// <param name="offset">where in it, in bytes</param>
/// <param name="finding">what was found there</param>
public sealed class CorruptLogException(string file, long offset, string finding) : Exception(
    $"{file}: damaged at byte {offset}: {finding} The log holds transactions that were answered as committed, so it is not read any further. " +
    "Put back the log's folder from a copy or a snapshot of the disk, with all its files. If there is none, move the folder away: what the store holds then stands, and what was only in this log is lost.")
{
    /// <summary>The file.</summary>
    public string File { get; } = file;

    /// <summary>Where in it, in bytes.</summary>
    public long Offset { get; } = offset;

    /// <summary>What was found there.</summary>
    public string Finding { get; } = finding;
}

/// <summary>There is no log of this name, or there is none any more.</summary>
/// <param name="log">the name</param>
public sealed class UnknownLogException(string log) : Exception($"There is no log {log}.");

/// <summary>A write that a crash interrupted was found at a log's end and cut off. It was never confirmed: nothing is lost.</summary>
/// <param name="Log">the log</param>
/// <param name="File">the file</param>
/// <param name="Offset">where it was cut, in bytes</param>
/// <param name="Bytes">how much was cut off</param>
public sealed record TornTail(string Log, string File, long Offset, long Bytes);
