using Mjolnir.Cli.Embedded;
using Mjolnir.WriteBehind;

namespace Mjolnir.Cli.Dev;

/// <summary>How far a long step of the start is; written by the step, read by the screen.</summary>
internal sealed class DevProgress(string what)
{
    public string Phase { get; private set; } = what;

    public long Done { get; private set; }

    public long Total { get; private set; }

    public IProgress<RecoveryProgress> OfRecovery() => new Direct<RecoveryProgress>(step => Set(step.Phase.ToString(), step.Done, step.Total));

    public IProgress<Seeder.Step> OfSeeding() => new Direct<Seeder.Step>(step => Set($"Seeding {step.Table}", step.Done, step.Total));

    public IProgress<UniqueBuilder.Step> OfUnique() => new Direct<UniqueBuilder.Step>(step => Set($"Unique indexes of {step.Table}", step.Done, step.Total));

    private void Set(string phase, long done, long total) => (Phase, Done, Total) = (phase, done, total);

    /// <summary>Reports at once, on the reporter's thread: <see cref="Progress{T}"/> would go through the thread pool.</summary>
    private sealed class Direct<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
