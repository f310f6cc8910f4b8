using Mjolnir.Core;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Segments;
using Mjolnir.Core.Views;
using Mjolnir.Core.Violations;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Rows;

namespace Mjolnir.WriteBehind.Auditing;

/// <summary>
/// Compares cache, logs and store on random rows, for as long as the process runs, and touches none of them.
/// <code>
/// snapshot ─► draw lines from the store, rows of consumed batches, rows of earlier rounds ─► look (AuditLook) ─┬─ agrees: done
///                ▲                                                                                              └─ suspicious
///                └──────────── pause, everything read anew, as often as the limits say ◄───────────────────────────┘
///                                                        └─► still the same under the same view, which the registry calls active: a difference
/// </code>
/// A suspicion is only told when it stands through all looks, so a view that changes, a row that is being loaded, an install under way never make one. One loop; figures may be read by any thread.
/// </summary>
public sealed class Auditor : IAsyncDisposable
{
    private readonly AuditorOptions _options;
    private readonly AuditLimits _limits;
    private readonly ClusterRegistry _registry;
    private readonly ShardReads _shards;
    private readonly Random _random;
    private readonly List<RowPrint> _memory = [];
    private readonly HashSet<(RowKey Key, ViolationKind Rule)> _open = [];
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private ClusterView? _view;
    private SampledRows? _rows;
    private TimeSpan _rested;
    private volatile Progress _progress = new(AuditFigures.None, 0);

    /// <summary>Makes an auditor; it works while <see cref="RunAsync"/> or <see cref="RoundAsync"/> runs.</summary>
    public Auditor(AuditorOptions options)
    {
        (_options, _limits) = (options, options.Limits);
        _registry = new ClusterRegistry(options.Store);
        _shards = new ShardReads(options);
        _random = new Random(options.Seed);
    }

    /// <summary>What it has done. From any thread.</summary>
    public AuditFigures Figures
    {
        get
        {
            var (figures, endedAt) = _progress;
            return figures with { SecondsSinceRound = endedAt == 0 ? -1 : _options.Time.GetElapsedTime(endedAt).TotalSeconds };
        }
    }

    /// <summary>Makes rounds until cancelled; what goes wrong is told, and the next round begins anew.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Processes that start together do not audit together.
        var pause = _limits.RoundPause * _random.NextDouble();
        while (true)
        {
            await Task.Delay(pause, _options.Time, cancellationToken).ToItsEnd();
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            var began = _options.Time.GetTimestamp();
            _rested = TimeSpan.Zero;
            await TryRoundAsync(cancellationToken);
            var worked = _options.Time.GetElapsedTime(began) - _rested;
            pause = worked * _limits.RestFactor > _limits.RoundPause ? worked * _limits.RestFactor : _limits.RoundPause;
        }
    }

    /// <summary>One round: some rows, and as many looks at those that are suspicious as it takes to be sure. False: it could not be made.</summary>
    /// <exception cref="StoreUnavailableException">the store does not answer</exception>
    public async Task<bool> RoundAsync(CancellationToken cancellationToken)
    {
        var (began, rested) = (_options.Time.GetTimestamp(), _rested);
        if (await ViewAsync(cancellationToken) is not { } view || !await RefreshAsync(cancellationToken))
        {
            Note(figures => figures with { Skipped = figures.Skipped + 1 });
            return false;
        }

        await CheckDependenciesAsync(cancellationToken);
        var evidence = await ChooseAsync(cancellationToken);
        var looked = await LookAsync(view, evidence, cancellationToken);
        Remember(looked);
        var suspects = Suspects(looked, looked.ToDictionary(each => each.Evidence.Print.Key, each => each.Finding.Rule));
        var work = _options.Time.GetElapsedTime(began) - (_rested - rested);
        await SettleAsync(view, suspects, cancellationToken);
        _progress = new Progress(
            _progress.Figures with
            {
                Rounds = _progress.Figures.Rounds + 1,
                Rows = _progress.Figures.Rows + looked.Count,
                LastRows = looked.Count,
                LastMilliseconds = work.TotalMilliseconds,
                StoreBytes = _rows!.Snapshot.Bytes,
            },
            _options.Time.GetTimestamp());
        return true;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _shards.DisposeAsync();

    private async Task TryRoundAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RoundAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // It was told to end.
        }
        catch (Exception fault) when (PassingFault.Is(fault) || fault is CollectedObjectException)
        {
            Note(figures => figures with { Skipped = figures.Skipped + 1 });
        }
        catch (Exception fault)
        {
            Note(figures => figures with { Skipped = figures.Skipped + 1 });
            _options.Failed(fault);
        }
    }

    private async ValueTask<ClusterView?> ViewAsync(CancellationToken cancellationToken)
    {
        var active = _options.Cluster.ActiveView;
        if (_view?.Number != active)
        {
            _view = active == 0 ? null : await _registry.ReadViewAsync(active, cancellationToken);
            if (_view is not null)
            {
                await _shards.KeepOnlyAsync(_view);
            }
        }

        return _view;
    }

    /// <summary>Reads the manifests. False: one is damaged, which is told; of what hangs from it nothing can be said.</summary>
    private async ValueTask<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_rows is null)
            {
                _rows = await SampledRows.OpenAsync(_options.Store, cancellationToken);
            }
            else
            {
                await _rows.RefreshAsync(cancellationToken);
            }

            return true;
        }
        catch (CorruptDataException fault)
        {
            TellOnce(Violation.Of("store", fault));
            return false;
        }
    }

    /// <summary>What entries of a manifest depend on must have been: a foreign stamp above its log's end was never durable.</summary>
    private async ValueTask CheckDependenciesAsync(CancellationToken cancellationToken)
    {
        if (Undue(_rows!.Snapshot).Any())
        {
            // A log that was registered while the manifests were read is in the next ones.
            await RefreshAsync(cancellationToken);
            foreach (var violation in Undue(_rows.Snapshot))
            {
                TellOnce(violation);
            }
        }
    }

    private static IEnumerable<Violation> Undue(StoreSnapshot snapshot)
    {
        foreach (var log in snapshot.Logs)
        {
            foreach (var entry in log.Entries.Where(entry => log.Watermark is not { } watermark || entry.LastBatch <= watermark))
            {
                foreach (var stamp in entry.Foreign)
                {
                    if (snapshot.Find(stamp.Log) is null)
                    {
                        yield return new Violation(ViolationKind.UnknownStamp, $"log {log.Log}", $"Batches {entry.FirstBatch} to {entry.LastBatch} of log {log.Log} depend on {stamp}, and no such log was ever registered.");
                    }
                    else if (!snapshot.IsValid(stamp))
                    {
                        yield return new Violation(ViolationKind.StampOrder, $"log {log.Log}", $"Batches {entry.FirstBatch} to {entry.LastBatch} of log {log.Log} depend on {stamp}, and that log ends with batch {snapshot.Find(stamp.Log)!.Watermark}.");
                    }
                }
            }
        }
    }

    private async ValueTask<IReadOnlyList<Evidence>> ChooseAsync(CancellationToken cancellationToken)
    {
        var chosen = new Dictionary<RowKey, Evidence>();
        foreach (var row in _options.Logged.Take(_limits.LoggedRows, IsStored))
        {
            chosen[row.Key] = new Evidence(row, IsToBeFound: true);
        }

        for (var i = 0; i < _limits.RememberedRows && _memory.Count > 0; i++)
        {
            var row = _memory[_random.Next(_memory.Count)];
            chosen.TryAdd(row.Key, new Evidence(row, IsToBeFound: true));
        }

        for (var block = 0; block < _limits.Blocks; block++)
        {
            foreach (var line in await DrawAsync(cancellationToken))
            {
                chosen.TryAdd(line.Key, new Evidence(RowPrint.Of(line.Key, line.Version), IsToBeFound: false));
            }
        }

        return [.. chosen.Values];
    }

    /// <summary>True once the manifests list it, and also if its log ended below it: such a row is taken, and proves nothing.</summary>
    private bool IsStored(RowPrint row) => _rows!.Snapshot.Find(row.Stamp.Log) is { } log && (row.Stamp.Batch <= log.LastBatch || log.Watermark is not null);

    private async ValueTask<IReadOnlyList<SegmentRow>> DrawAsync(CancellationToken cancellationToken)
    {
        try
        {
            var lines = await _rows!.DrawAsync(_random, _limits.LinesPerBlock, cancellationToken);
            return [.. lines.Where(line => line.Version.State != RowState.Absent)];
        }
        catch (CollectedObjectException)
        {
            return [];
        }
        catch (CorruptDataException fault)
        {
            TellOnce(Violation.Of("store", fault));
            return [];
        }
    }

    private async Task<IReadOnlyList<Looked>> LookAsync(ClusterView view, IReadOnlyList<Evidence> evidence, CancellationToken cancellationToken)
    {
        var looked = await new AuditLook(view, _rows!, _shards, _options.Cluster, _limits).LookAsync(evidence, cancellationToken);
        foreach (var each in looked.Where(each => each.Finding.Kind == FindingKind.Agrees))
        {
            _open.RemoveWhere(open => open.Key == each.Evidence.Print.Key);
        }

        var unclear = looked.Count(each => each.Finding.Kind == FindingKind.Unclear);
        Note(figures => figures with { Unclear = figures.Unclear + unclear });
        return looked;
    }

    /// <summary>What agreed is looked for again in later rounds; transaction ids leave the store by themselves.</summary>
    private void Remember(IReadOnlyList<Looked> looked)
    {
        foreach (var each in looked.Where(each => each.Finding.Kind == FindingKind.Agrees && !SegmentRow.IsTransactionId(each.Evidence.Print.Key)))
        {
            if (_memory.Count < _limits.Memory)
            {
                _memory.Add(each.Evidence.Print);
            }
            else if (_random.Next(_limits.RememberedRows) == 0)
            {
                _memory[_random.Next(_memory.Count)] = each.Evidence.Print;
            }
        }
    }

    /// <summary>Those that are suspicious of the same as before, and not told yet.</summary>
    private List<Looked> Suspects(IReadOnlyList<Looked> looked, Dictionary<RowKey, ViolationKind> before) =>
        [.. looked.Where(each => each.Finding.Kind == FindingKind.Suspicious
            && before.TryGetValue(each.Evidence.Print.Key, out var rule) && rule == each.Finding.Rule
            && !_open.Contains((each.Evidence.Print.Key, rule)))];

    /// <summary>Looks again at what is suspicious, everything read anew, until it is told or dispelled.</summary>
    private async Task SettleAsync(ClusterView view, List<Looked> suspects, CancellationToken cancellationToken)
    {
        for (var looks = 1; suspects.Count > 0; looks++)
        {
            var sure = suspects.Where(each => looks >= LooksFor(each.Finding.Rule)).ToList();
            if (sure.Count > 0)
            {
                await TellAsync(view, sure, cancellationToken);
                suspects.RemoveAll(sure.Contains);
            }

            if (suspects.Count == 0)
            {
                return;
            }

            await RestAsync(cancellationToken);
            if (await ViewAsync(cancellationToken) is not { } now || now.Number != view.Number || !await RefreshAsync(cancellationToken))
            {
                Dispelled(suspects.Count);
                return;
            }

            Dispelled(suspects.RemoveAll(HasComeToIt));
            var again = Suspects(
                await LookAsync(view, [.. suspects.Select(each => each.Evidence)], cancellationToken), suspects.ToDictionary(each => each.Evidence.Print.Key, each => each.Finding.Rule));
            Dispelled(suspects.Count - again.Count);
            suspects = again;
        }
    }

    /// <summary>
    /// What the owner told last was told before the shard was read, and a hot row is in newer batches at every look: so it proves something only if the owner, heard again since, has still not come
    /// to what the look before found.
    /// </summary>
    private bool HasComeToIt(Looked suspect) =>
        suspect.Finding is { Rule: ViolationKind.StampOrder, Cached.Stamp: { Log.Length: > 0 } stamp } && (_options.Cluster.DurableOf(stamp.Log) is not { } durable || stamp.Batch <= durable + 1);

    private int LooksFor(ViolationKind rule) => rule == ViolationKind.StampOrder ? _limits.StampLooks : _limits.Looks;

    private async ValueTask RestAsync(CancellationToken cancellationToken)
    {
        var began = _options.Time.GetTimestamp();
        await Task.Delay(_limits.LookPause, _options.Time, cancellationToken);
        _rested += _options.Time.GetElapsedTime(began);
    }

    /// <summary>The registry has the last word: under a newer view the rows may live elsewhere by now, and what is left of them here is nobody's.</summary>
    private async ValueTask TellAsync(ClusterView view, List<Looked> sure, CancellationToken cancellationToken)
    {
        var (_, active) = await _registry.NewestViewsAsync(cancellationToken);
        if (active?.Number != view.Number)
        {
            Dispelled(sure.Count);
            return;
        }

        foreach (var each in sure)
        {
            if (_open.Count >= _limits.Accused)
            {
                _open.Clear();
            }

            _open.Add((each.Evidence.Print.Key, each.Finding.Rule));
            Tell(new Violation(each.Finding.Rule, $"row {each.Evidence.Print.Key}", each.Finding.What));
        }
    }

    /// <summary>Damage of an object, which is met again and again.</summary>
    private void TellOnce(Violation violation)
    {
        if (_told.Add(violation.What))
        {
            Tell(violation);
        }
    }

    private void Tell(Violation violation)
    {
        Note(figures => figures with { Differences = figures.Differences + 1, LastDifference = violation.What });
        _options.Differs(violation);
    }

    private void Dispelled(int count) => Note(figures => figures with { Cleared = figures.Cleared + count });

    private void Note(Func<AuditFigures, AuditFigures> change) => _progress = _progress with { Figures = change(_progress.Figures) with { Open = _open.Count } };

    private sealed record Progress(AuditFigures Figures, long EndedAt);
}
