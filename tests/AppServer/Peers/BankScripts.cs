using System.Globalization;
using System.Text;
using System.Text.Json;
using Mjolnir.AppServer.Tests.Committing;
using Mjolnir.Core.Documents;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Tests.Peers;

/// <summary>One handler, written here: moves money between two accounts, args [from, to, amount]. Whoever has no row has 100. Says no when there is not enough.</summary>
internal sealed class BankScripts : IScriptEngine
{
    public const long First = 100;

    public RunResult Run(HandlerCall call, IRowSource rows)
    {
        using var args = JsonDocument.Parse(call.Args);
        var (from, to, amount) = (args.RootElement[0].GetString()!, args.RootElement[1].GetString()!, args.RootElement[2].GetInt64());
        if (!rows.TryRead(ProtocolCluster.Key(from), out var sender) || !rows.TryRead(ProtocolCluster.Key(to), out var receiver))
        {
            return new RunResult { Status = RunStatus.RowMissing };
        }

        if (Balance(sender) < amount)
        {
            return new RunResult { Status = RunStatus.Aborted, AbortKind = AbortKind.Refused, Reason = "not enough", Position = new SourcePosition("bank.js", 3, 7) };
        }

        return new RunResult
        {
            Status = RunStatus.Completed,
            Result = Encoding.UTF8.GetBytes((Balance(sender) - amount).ToString(CultureInfo.InvariantCulture)),
            Changes = """{"message":{"text":"sent"}}"""u8.ToArray(),
            Writes = [new(ProtocolCluster.Key(from), Row(Balance(sender) - amount)), new(ProtocolCluster.Key(to), Row(Balance(receiver) + amount))],
        };
    }

    public RenderResult Render(Application application, Page page, string? user, TransactionSeed seed, IRowSource rows) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    public static long Balance(Document? row) => row is null ? First : long.Parse(row.ToString(), CultureInfo.InvariantCulture);

    private static Document Row(long balance) => Document.FromText(balance.ToString(CultureInfo.InvariantCulture));
}
