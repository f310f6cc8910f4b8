using Mjolnir.AppServer.Queries;
using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Violations;

namespace Mjolnir.AppServer.Committing;

/// <summary>
/// Questions to indexes that runs asked. An answer is found once and holds for the transaction, however often it runs; the rows that it names are asked for together and are then read,
/// and validated, like all others.
/// </summary>
internal sealed partial class Committer
{
    private async Task AskAsync(IndexQuestion question, Transaction transaction)
    {
        var answer = _options.Queries is { } queries
            ? await AnswerAsync(queries, question, transaction.Session)
            : IndexAnswer.Refused("This server keeps no indexes.");
        transaction.Loads--;
        if (answer.Refusal is { } reason)
        {
            Refuse(transaction, reason);
            return;
        }

        transaction.Answers[question] = answer;
        if (!transaction.Answered)
        {
            LoadNamed(question, answer, transaction);
        }

        if (transaction.Loads == 0)
        {
            Ready(transaction);
        }

        Pump();
    }

    /// <summary>Damage is an alarm, and refuses the question: indexes are made of the rows, and no transaction rests on them.</summary>
    private async ValueTask<IndexAnswer> AnswerAsync(IndexQueries queries, IndexQuestion question, string? session)
    {
        try
        {
            // Beside the lane: walks and waits are nothing that transactions need wait for.
            return await Task.Run(() => queries.AnswerAsync(question, session, _stop.Token).AsTask(), _stop.Token);
        }
        catch (CorruptDataException fault)
        {
            _options.Alarm(Violation.Of($"indexes of table {question.Table}", fault));
            return IndexAnswer.Refused($"The indexes of table '{question.Table}' are damaged: {fault.Message}");
        }
    }

    /// <summary>Only where a shard is open: what the run does not need after all holds up nobody.</summary>
    private void LoadNamed(IndexQuestion question, IndexAnswer answer, Transaction transaction)
    {
        transaction.IsForeseeing = true;
        foreach (var found in answer.Found)
        {
            if (RowKey.TryCreate(question.App, question.Table, found.PrimaryKey, out var key) && !_rows.Knows(key) && _cells.GetOrAdd(key).Home.IsOpen)
            {
                transaction.Loads++;
                Load(key, transaction);
            }
        }
    }

    /// <summary>A transaction is durable: its user's next questions see what it wrote.</summary>
    private void NoteWrite(Transaction transaction, Stamp stamp)
    {
        if (_options.Queries is { } queries && transaction is { Session: { } session, Writes.Count: > 0 })
        {
            queries.Wrote(session, stamp);
        }
    }
}
