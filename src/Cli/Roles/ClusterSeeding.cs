using Microsoft.Extensions.Logging;
using Mjolnir.Cli.Embedded;
using Mjolnir.Scripting.Applications;

namespace Mjolnir.Cli.Roles;

/// <summary>Seeds an application once in a cluster: one server writes, the others wait for its marks, and the next one takes over if it dies.</summary>
internal static class ClusterSeeding
{
    private const string Task = "seed";

    public static async Task RunAsync(ClusterServices services, Seeder seeder, Application application, ILogger log, CancellationToken cancellationToken)
    {
        while (!await seeder.IsDoneAsync(application, cancellationToken))
        {
            await using var lead = await services.Leadership.TryLeadAsync(Task, cancellationToken);
            if (lead is not null)
            {
                await seeder.RunAsync(application, new SeedingLog(log), cancellationToken);
                return;
            }

            // The one who seeds tells by the marks that it leaves in the data.
            await System.Threading.Tasks.Task.Delay(RoleLimits.SeedLook, services.Time, cancellationToken);
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
