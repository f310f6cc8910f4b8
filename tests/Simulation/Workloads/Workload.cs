using System.Globalization;
using Mjolnir.Core.Keys;
using Mjolnir.Simulation.Tests.Faults;
using Mjolnir.Simulation.Tests.Scheduling;

namespace Mjolnir.Simulation.Tests.Workloads;

/// <summary>
/// What clients ask for, drawn from the seed: a bank with auditors, lists read and appended to several at a time, pairs that invite write skew, counters with ids, rows that come and go, all of
/// them over few rows, some of which are hot.
/// </summary>
internal sealed class Workload
{
    public const long Opening = 100;

    private const int MostAmount = 40;

    /// <summary>Named as when it held registers: so the seeds that once found something still have their rows in the same slots.</summary>
    private const string ListTable = "reg";

    private readonly SimulationDice _dice;
    private readonly Recorder _recorder;
    private readonly (string Kind, int Weight, Func<Operation> Make)[] _kinds;
    private readonly int _weights;
    private readonly double _heat;
    private readonly double _withId;
    private int _ids;

    public Workload(long seed, Recorder recorder, Storm storm)
    {
        (_dice, _recorder) = (new SimulationDice(seed, "workload"), recorder);
        Accounts = [.. Enumerable.Range(0, _dice.Between(3, 10)).Select(i => Key("acc", $"a{i}"))];
        Lists = [.. Enumerable.Range(0, _dice.Between(2, 8)).Select(i => Key(ListTable, $"r{i}"))];
        Pairs = [.. Enumerable.Range(0, _dice.Between(1, 3)).Select(i => (Key("pair", $"x{i}"), Key("pair", $"y{i}")))];
        Counters = [.. Enumerable.Range(0, _dice.Between(1, 3)).Select(i => Key("count", $"c{i}"))];
        Things = [.. Enumerable.Range(0, _dice.Between(1, 3)).Select(i => (Key("thing", $"t{i}"), Key("tally", $"n{i}")))];
        _heat = _dice.Chance(0.5) ? 0.6 * _dice.Fraction() : 0;
        _withId = _dice.Pick([0.2, 0.5, 1]);
        _kinds =
        [
            ("transfer", _dice.Between(2, 8), Transfer), ("audit", _dice.Between(0, 2), Audit), ("lists", _dice.Between(0, 5), Append), ("skew", _dice.Between(0, 3), Skew),
            ("count", _dice.Between(0, 3), Count), ("thing", _dice.Between(0, 3), CreateOrDelete), ("look", _dice.Between(0, 4), Look),
        ];
        if (storm.Kind == StormKind.Movement)
        {
            // Who writes learns at once that his log is sealed.
            _kinds = [.. _kinds, ("look", 80, Look)];
        }

        _weights = _kinds.Sum(kind => kind.Weight);
    }

    public IReadOnlyList<RowKey> Accounts { get; }

    /// <summary>Rows that hold the number of every run that wrote them, in order: what was read says which versions came before.</summary>
    public IReadOnlyList<RowKey> Lists { get; }

    public IReadOnlyList<(RowKey X, RowKey Y)> Pairs { get; }

    public IReadOnlyList<RowKey> Counters { get; }

    /// <summary>Rows that come and go, written without being read, each with a row that says by whom last.</summary>
    public IReadOnlyList<(RowKey Thing, RowKey Tally)> Things { get; }

    public long Total => Opening * Accounts.Count;

    public static RowKey Key(string table, string name) => RowKey.TryCreate("sim", table, name, out var key) ? key : throw new ArgumentException(name);

    public static bool IsList(RowKey key) => key.Table == ListTable;

    /// <summary>The first operation: opens the accounts.</summary>
    public Operation Open() => Make("open", rows =>
    {
        foreach (var account in Accounts)
        {
            if (!rows.TryRead(account, out _))
            {
                return null;
            }

            rows.Write(account, Opening);
        }

        return Outcome.Done;
    }, withId: true);

    public Operation Next()
    {
        var at = _dice.Below(_weights);
        foreach (var (_, weight, make) in _kinds)
        {
            if ((at -= weight) < 0)
            {
                return make();
            }
        }

        throw new InvalidOperationException("The weights do not add up.");
    }

    /// <summary>Reads every account.</summary>
    public Operation Audit() => Make("audit", rows =>
    {
        foreach (var account in Accounts)
        {
            if (!rows.TryRead(account, out _))
            {
                return null;
            }
        }

        return Outcome.Done;
    }, withId: false);

    /// <summary>Reads everything there is.</summary>
    public Operation ReadAll()
    {
        RowKey[] all = [.. Accounts, .. Lists, .. Pairs.Select(pair => pair.X), .. Pairs.Select(pair => pair.Y), .. Counters, .. Things.Select(thing => thing.Thing), .. Things.Select(thing => thing.Tally)];
        return Make("read all", rows => all.All(key => rows.TryRead(key, out _)) ? Outcome.Done : null, withId: false);
    }

    private Operation Transfer()
    {
        var (from, to, amount) = (Pick(Accounts), Pick(Accounts), _dice.Between(1, MostAmount));
        return Make("transfer", rows =>
        {
            if (!rows.TryRead(from, out var payer) || !rows.TryRead(to, out var payee))
            {
                return null;
            }

            if (payer.Amount < amount || from == to)
            {
                return Outcome.Refused;
            }

            rows.Write(from, payer.Amount - amount);
            rows.Write(to, payee.Amount + amount);
            return Outcome.Done;
        });
    }

    private Operation Append()
    {
        var read = Some(Lists, 4);
        var appended = read.Where(_ => _dice.Chance(0.5)).ToArray();
        return Make("lists", rows =>
        {
            foreach (var key in read)
            {
                if (!rows.TryRead(key, out _))
                {
                    return null;
                }
            }

            foreach (var key in appended)
            {
                rows.TryRead(key, out var list);
                rows.Write(key, list.Amount + 1);
            }

            return Outcome.Done;
        });
    }

    private Operation Skew()
    {
        var (x, y) = _dice.Pick(Pairs);
        var written = _dice.Chance(0.5) ? x : y;
        return Make("skew", rows =>
        {
            if (!rows.TryRead(x, out var one) || !rows.TryRead(y, out var other))
            {
                return null;
            }

            // Both may go down, but only one at a time: their sum stays above -2.
            var mine = written == x ? one : other;
            rows.Write(written, one.Amount + other.Amount > -1 ? mine.Amount - 1 : mine.Amount + 1);
            return Outcome.Done;
        });
    }

    private Operation Count()
    {
        var counter = Pick(Counters);
        return Make("count", rows =>
        {
            if (!rows.TryRead(counter, out var row))
            {
                return null;
            }

            rows.Write(counter, row.Amount + 1);
            return Outcome.Done;
        }, withId: true);
    }

    private Operation CreateOrDelete()
    {
        var (thing, tally) = _dice.Pick(Things);
        var isCreation = _dice.Chance(0.6);
        return Make(isCreation ? "create" : "delete", rows =>
        {
            if (!rows.TryRead(tally, out var row))
            {
                return null;
            }

            rows.Write(tally, row.Amount + 1);
            rows.Write(thing, isCreation ? row.Amount + 1 : null);
            return Outcome.Done;
        });
    }

    private Operation Look()
    {
        RowKey[] read = _dice.Below(4) switch
        {
            0 => Some(Lists, 6),
            1 => [Pairs[0].X, Pairs[0].Y],
            2 => [Things[0].Thing, Things[0].Tally, Counters[0]],
            _ => Some(Accounts, 3),
        };
        return Make("look", rows => read.All(key => rows.TryRead(key, out _)) ? Outcome.Done : null, withId: _dice.Chance(0.1));
    }

    private Operation Make(string kind, Func<RowsOfRun, Outcome?> body, bool? withId = null)
    {
        var id = withId ?? _dice.Chance(_withId) ? string.Create(CultureInfo.InvariantCulture, $"i{++_ids}") : null;
        return _recorder.Add(kind, id, body);
    }

    private RowKey Pick(IReadOnlyList<RowKey> from) => _dice.Chance(_heat) ? from[0] : _dice.Pick(from);

    private RowKey[] Some(IReadOnlyList<RowKey> from, int most) =>
        [.. Enumerable.Range(0, _dice.Between(1, most)).Select(_ => Pick(from)).Distinct()];
}
