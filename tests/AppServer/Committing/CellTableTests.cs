using Mjolnir.AppServer.Committing;
using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>How many rows are remembered, and which: as many as are worth it.</summary>
public sealed class CellTableTests
{
    private const int Few = 200;
    private const int Most = 2_000;

    /// <summary>Uses of rows after which it has been decided several times.</summary>
    private const int Long = 60_000;
    private readonly Random _random = new(7);
    private readonly CellTable _cells = new(Shards(), Most, Few);

    [Fact]
    public void Rows_that_seldom_come_back_are_soon_forgotten()
    {
        Use(Long, () => _random.Next(100_000));
        Assert.InRange(_cells.Count, 1, AtMost(Few));
    }

    [Fact]
    public void Rows_that_come_back_are_all_remembered()
    {
        Use(Long, () => _random.Next(1_500));
        Assert.Equal(0, Use(Long, () => _random.Next(1_500)));
        Assert.Equal(1_500, _cells.Count);
    }

    [Fact]
    public void When_they_come_back_no_more_they_are_forgotten()
    {
        Use(Long, () => _random.Next(1_500));
        Use(Long, () => _random.Next(100_000));
        Assert.InRange(_cells.Count, 1, AtMost(Few));
    }

    [Fact]
    public void The_few_that_come_back_among_many_that_do_not_are_kept()
    {
        Use(Long, HotOrCold);
        Assert.InRange(_cells.Count, 50, AtMost(Few));
        Assert.All(Enumerable.Range(0, 50), row => Assert.NotNull(_cells.Find(Key(row))));

        int HotOrCold() => _random.Next(10) > 0 ? _random.Next(50) : _random.Next(100_000);
    }

    [Fact]
    public void Without_a_lower_limit_as_many_are_remembered_as_may_be()
    {
        var cells = new CellTable(Shards(), Most);
        Use(cells, Long, () => _random.Next(100_000));
        Assert.InRange(cells.Count, Most / 4, AtMost(Most));
    }

    /// <summary>A sweep comes when a quarter more is there.</summary>
    private static int AtMost(int rows) => rows + (rows / 4);

    private int Use(int times, Func<int> row) => Use(_cells, times, row);

    /// <returns>how many times the row was not remembered</returns>
    private static int Use(CellTable cells, int times, Func<int> row)
    {
        var missed = 0;
        for (var i = 0; i < times; i++)
        {
            var key = Key(row());
            missed += cells.Find(key) is null ? 1 : 0;
            cells.GetOrAdd(key);
        }

        return missed;
    }

    private static RowKey Key(int row) => RowKey.FromText($"bank/users/{row}");

    private static ShardSet Shards()
    {
        var view = new ClusterView(1, [new ShardDescription("s1", "label")], [new SlotRange(0, Slots.Count - 1, 0, 1)], []);
        var shards = new ShardSet(new FixedViews(view, [new EmbeddedShard("s1").Connect()]), "s1");
        shards.MoveTo(view);
        return shards;
    }
}
