using Mjolnir.AppServer.Transactions;
using Mjolnir.WriteBehind.Auditing;

namespace Mjolnir.Cli.Embedded;

/// <summary>The one process of an embedded stack as its auditor sees it: nothing is heard late.</summary>
internal sealed class EmbeddedAudit(long view, EmbeddedRows rows, IReadOnlyList<TransactionServer> servers) : IAuditedCluster
{
    public long ActiveView => view;

    public bool IsWarm(string label, long since) => rows.IsWarm(label, since);

    public long? DurableOf(string log)
    {
        foreach (var server in servers)
        {
            // The log may be renewed in between: then what was read is of the next one.
            if (server.Log == log && server.Durable is var durable && server.Log == log)
            {
                return durable;
            }
        }

        return null;
    }
}
