using Mjolnir.Checking.Histories;

namespace Mjolnir.Checking.Tests.Generated;

/// <summary>How a history is made.</summary>
/// <param name="Operations">how many</param>
/// <param name="Lists">lists in use at a time</param>
/// <param name="Registers">registers</param>
/// <param name="LongestList">a list that has reached this length is given up for a new one</param>
/// <param name="Overlap">how long an operation lasts at most, as a number of operations beside it</param>
/// <param name="UnknownPercent">operations of unknown outcome: half of them happen</param>
internal sealed record HistoryShape(int Operations, int Lists = 4, int Registers = 4, int LongestList = 40, int Overlap = 8, int UnknownPercent = 5);

/// <summary>
/// A strictly serializable history: operations are run one after another on a simple state, and each gets a start and an end around its moment, so that many overlap. Some have an unknown outcome, whether
/// they happened or not, and some are refused.
/// </summary>
internal sealed class SerialHistory
{
    private const int TicksPerOperation = 10;

    private readonly Random _random;
    private readonly HistoryShape _shape;
    private readonly List<(string Key, List<long> Values)> _lists = [];
    private readonly (long Version, long Value)[] _registers;
    private readonly List<Operation> _operations = [];
    private long _nextValue;
    private int _nextList;

    private SerialHistory(HistoryShape shape, int seed)
    {
        _shape = shape;
        _random = new Random(seed);
        _registers = new (long, long)[shape.Registers];
        for (var i = 0; i < shape.Lists; i++)
        {
            _lists.Add(NewList());
        }
    }

    public static History Of(HistoryShape shape, int seed) => new SerialHistory(shape, seed).Run();

    private History Run()
    {
        for (var i = 0; i < _shape.Operations; i++)
        {
            var at = (long)(i + _shape.Overlap) * TicksPerOperation;
            var start = at - _random.Next(_shape.Overlap * TicksPerOperation / 2);
            var end = at + _random.Next(_shape.Overlap * TicksPerOperation / 2);
            _operations.Add(One($"t{i}", start, end));
        }

        return new History(_operations);
    }

    private Operation One(string id, long start, long end)
    {
        var dice = _random.Next(100);
        var client = _random.Next(16);
        if (dice < _shape.UnknownPercent)
        {
            var happens = _random.Next(2) == 0;
            return new(client, id, start, long.MaxValue, Outcome.Unknown, [.. Accesses(happens).Where(access => access.IsWrite).Select(Unanswered)]);
        }

        return dice < 2 * _shape.UnknownPercent
            ? new(client, id, start, end, Outcome.Refused, [.. Accesses(happens: false).Where(access => access.IsWrite).Select(Unanswered)])
            : new(client, id, start, end, Outcome.Committed, [.. Accesses(happens: true)]);
    }

    private static Access Unanswered(Access access) => access.Kind == AccessKind.Write ? Access.WriteOfUnknownVersion(access.Key) : access;

    private List<Access> Accesses(bool happens)
    {
        var accesses = new List<Access>();
        for (var left = 1 + _random.Next(4); left > 0; left--)
        {
            if (_shape.Registers == 0 || (_shape.Lists > 0 && _random.Next(3) > 0))
            {
                UseList(accesses, happens);
            }
            else
            {
                UseRegister(accesses, happens);
            }
        }

        return accesses;
    }

    private void UseList(List<Access> accesses, bool happens)
    {
        var at = _random.Next(_shape.Lists);
        if (_lists[at].Values.Count >= _shape.LongestList)
        {
            _lists[at] = NewList();
        }

        var (key, values) = _lists[at];
        if (_random.Next(2) == 0)
        {
            accesses.Add(Access.ReadList(key, [.. values]));
            return;
        }

        accesses.Add(Access.Append(key, ++_nextValue));
        if (happens)
        {
            values.Add(_nextValue);
        }
    }

    private void UseRegister(List<Access> accesses, bool happens)
    {
        var at = _random.Next(_shape.Registers);
        var key = $"r{at}";
        var (version, value) = _registers[at];
        accesses.Add(Access.Read(key, version, value));
        if (_random.Next(2) == 0)
        {
            accesses.Add(Access.Write(key, version + 1, ++_nextValue));
            if (happens)
            {
                _registers[at] = (version + 1, _nextValue);
            }
        }
    }

    private (string Key, List<long> Values) NewList() => ($"l{_nextList++}", []);
}
