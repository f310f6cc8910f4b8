using Microsoft.Extensions.Logging;
using Mjolnir.Cli.Embedded;
using Mjolnir.Scripting.Applications;
using Mjolnir.Storage.Cluster;

namespace Mjolnir.Cli.Roles;

/// <summary>Seeds an application once in a cluster: one server writes, the others wait for its marks, and the next one takes over if it dies.</summary>
internal static class ClusterSeeding
{
    private const string Task = "seed";

    public static async Task RunAsync(ILeadership leadership, TimeProvider time, Seeder seeder, Application application, ILogger log, CancellationToken cancellationToken)
    {
        while (!await seeder.IsDoneAsync(application, cancellationToken))
        {
            await using var lead = await leadership.TryLeadAsync(Task, cancellationToken);
            if (lead is not null)
            {
                using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lead.Lost);
                try
                {
                    await seeder.RunAsync(application, new SeedingLog(log), term.Token);
                    return;
                }
                catch (OperationCanceledException) when (lead.Lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    // Another server may be seeding.
                    continue;
                }
            }

            // The one who seeds tells by the marks that it leaves in the data.
            await System.Threading.Tasks.Task.Delay(RoleLimits.SeedLook, time, cancellationToken);
        }
    }

    /// <summary>A line per tenth of a table.</summary>
    private sealed class SeedingLog(ILogger log) : IProgress<Seeder.Step>
    {
        private int _tenths = -1;

        public void Report(Seeder.Step value)
        {
            var tenths = (int)(10L * value.Done / Math.Max(1, value.Total));
            if (Interlocked.Exchange(ref _tenths, tenths) < tenths)
            {
                RoleLog.Seeding(log, value.Table, value.Done, value.Total);
            }
        }
    }
}
