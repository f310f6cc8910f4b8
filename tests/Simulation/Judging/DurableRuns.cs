using Mjolnir.Checking.Logs;
using Mjolnir.Core.Segments;
using Mjolnir.Simulation.Tests.Workloads;

namespace Mjolnir.Simulation.Tests.Judging;

/// <summary>The runs whose writes are in the logs: those whose values are there, and those on which these were built. (Of a row written twice in a batch only the last value is logged, by a run that read the one before.)</summary>
internal sealed class DurableRuns
{
    private readonly Recorder _recorder;
    private readonly HashSet<int> _found = [];

    public DurableRuns(DurableLogs logs, Recorder recorder)
    {
        _recorder = recorder;
        var open = new Stack<int>();
        foreach (var record in logs.Batches.SelectMany(batch => batch.Records))
        {
            if (record.Value is { } value && !SegmentRow.IsTransactionId(record.Key))
            {
                Note(RecordedEngine.Parsed(record.Key, value).Writer);
            }
        }

        while (open.TryPop(out var number))
        {
            recorder.Attempts[number]!.Reads.ForEach(read => Note(read.Writer));
        }

        void Note(int writer)
        {
            if (writer != 0 && _found.Add(writer))
            {
                open.Push(writer);
            }
        }
    }

    /// <summary>True if what a client was told holds: all that the run read is in the logs, and what it wrote. Also true of those who were told nothing.</summary>
    public bool Hold(Operation operation)
    {
        if (operation.Told is not (Told.Committed or Told.Aborted))
        {
            return true;
        }

        var told = _recorder.Attempts[operation.ToldRun]!;
        return (told.Writes.Count == 0 || _found.Contains(told.Number)) && told.Reads.TrueForAll(read => read.Writer == 0 || _found.Contains(read.Writer));
    }
}
