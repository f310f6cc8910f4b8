using System.Globalization;
using System.Text;
using System.Text.Json;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.Simulation.Tests.Workloads;

/// <summary>Handlers that are operations of a workload; every run is recorded for the judge.</summary>
internal sealed class RecordedEngine(Recorder recorder) : IScriptEngine
{
    public RunResult Run(HandlerCall call, IRowSource rows)
    {
        var operation = recorder.Operations[int.Parse(Encoding.UTF8.GetString(call.Args.Span), CultureInfo.InvariantCulture)];
        var attempt = recorder.Begin(operation);
        var view = new View(attempt, rows);
        return operation.Body(view) switch
        {
            null => new RunResult { Status = RunStatus.RowMissing, Missing = view.Missing },
            Outcome.Refused => new RunResult { Status = RunStatus.Aborted, AbortKind = AbortKind.Refused, Reason = attempt.Number.ToString(CultureInfo.InvariantCulture) },
            _ => new RunResult
            {
                Status = RunStatus.Completed,
                Result = Encoding.UTF8.GetBytes(attempt.Number.ToString(CultureInfo.InvariantCulture)),
                Writes = [.. attempt.Writes.Select(write => new RowWrite(write.Key, write.Amount is { } amount ? attempt.Value(write.Key, amount) : null))],
            },
        };
    }

    public RenderResult Render(Application application, Page page, string? user, TransactionSeed seed, IRowSource rows) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private sealed class View(Attempt attempt, IRowSource rows) : RowsOfRun
    {
        public RowKey Missing { get; private set; }

        public override bool TryRead(RowKey key, out RowRead read)
        {
            read = attempt.ReadOf(key);
            if (attempt.HasRead(key))
            {
                return true;
            }

            if (!rows.TryRead(key, out var row))
            {
                Missing = key;
                return false;
            }

            read = row is null ? RowRead.Missing(key) : Parsed(key, row);
            attempt.Reads.Add(read);
            return true;
        }

        public override void Write(RowKey key, long? amount)
        {
            attempt.Writes.RemoveAll(write => write.Key == key);
            attempt.Writes.Add((key, amount));
        }
    }

    public static RowRead Parsed(RowKey key, Document row)
    {
        var reader = new Utf8JsonReader(row.Utf8.Span);
        long amount = 0, writer = 0;
        var list = new List<int>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName when reader.ValueTextEquals("b"u8):
                    reader.Read();
                    amount = reader.GetInt64();
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("w"u8):
                    reader.Read();
                    writer = reader.GetInt64();
                    break;
                case JsonTokenType.Number:
                    list.Add(reader.GetInt32());
                    break;
            }
        }

        return new RowRead(key, (int)writer, amount, list);
    }
}
