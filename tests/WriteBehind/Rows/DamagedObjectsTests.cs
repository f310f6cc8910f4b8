using Mjolnir.Core;
using Mjolnir.Core.Keys;
using Mjolnir.Storage.Rows;

namespace Mjolnir.WriteBehind.Tests.Rows;

/// <summary>One object of the store is damaged: what it may have held is named and withheld, and everything else is served.</summary>
public sealed class DamagedObjectsTests
{
    private const int Rows = 4000;

    private readonly World _world = new();

    [Fact]
    public async Task Keys_of_a_damaged_block_are_withheld_though_another_object_has_older_versions_and_all_others_are_given()
    {
        await StoreTwiceAsync();
        Flip(Newest, 10);
        var told = new List<DamagedRows>();
        var given = await StreamAsync(told);

        var damaged = Assert.Single(told);
        Assert.Equal((Newest, 0L), (damaged.Object, damaged.Fault.Offset));
        Assert.Equal($"rows from bank/users/user0000 to before {damaged.Behind}", damaged.Words);
        Assert.Contains(Newest, damaged.Fault.Message, StringComparison.Ordinal);
        Assert.InRange(given.Count, 1, Rows - 1);
        Assert.All(given, row => Assert.Equal((2, row.Key.CompareTo(damaged.Behind!.Value) >= 0), (row.Value, true)));
        Assert.Equal(AllKeys.Where(key => !damaged.MayHold(key)), given.Keys.Order());
    }

    [Fact]
    public async Task Whatever_byte_is_flipped_every_row_is_right_or_named_as_damaged_and_a_find_gives_the_same()
    {
        await StoreTwiceAsync();
        var good = _world.Objects[Newest];
        var random = new Random(7);
        for (var round = 0; round < 150; round++)
        {
            // Half of them where indexes, footers and entries are.
            var at = round % 2 == 0 ? random.Next(good.Length) : good.Length - 1 - random.Next(good.Length / 10);
            Flip(Newest, at);
            await RequireRightOrToldAsync($"byte {at} flipped", random);
            _world.Objects[Newest] = good;
        }
    }

    [Fact]
    public async Task Wherever_an_object_is_cut_off_or_whether_it_is_deleted_nothing_is_wrong_and_it_is_named()
    {
        await StoreTwiceAsync();
        var good = _world.Objects[Newest];
        var random = new Random(8);
        for (var round = 0; round < 30; round++)
        {
            var length = random.Next(good.Length);
            _world.Objects[Newest] = good[..length];
            await RequireRightOrToldAsync($"cut off at {length}", random);
        }

        // A deleted last entry was never made, as far as anybody can tell; of the one before it is known that it was there.
        var name = Newest.Replace("00002", "00001", StringComparison.Ordinal);
        _world.Objects[Newest] = good;
        await _world.Objects.DeleteAsync(name, World.Ever);
        Assert.Equal(name, (await Assert.ThrowsAsync<CorruptDataException>(_world.RowsAsync)).ObjectName);
    }

    private static IEnumerable<RowKey> AllKeys => Enumerable.Range(0, Rows).Select(i => World.Key($"user{i:D4}"));

    private string Newest => _world.Objects.Names.Last(name => name.Contains("/entries/", StringComparison.Ordinal));

    private async Task RequireRightOrToldAsync(string what, Random random)
    {
        StoredRows rows;
        try
        {
            rows = await _world.RowsAsync();
        }
        catch (CorruptDataException fault)
        {
            // The manifest's entry itself: nobody can say what the store has.
            Assert.Equal(Newest, fault.ObjectName);
            return;
        }

        var told = new List<DamagedRows>();
        var given = await StreamAsync(told, rows);
        Assert.All(told, damaged => Assert.Equal(Newest, damaged.Object));
        Assert.True(told.Count > 0 || given.Count == Rows, $"{what}: rows are missing, and nobody was told");
        Assert.All(AllKeys, key => Assert.True(given.ContainsKey(key) != told.Any(damaged => damaged.MayHold(key)), $"{what}: {key} is neither given nor withheld, or both"));
        Assert.All(given, row => Assert.Equal(2, row.Value));
        foreach (var key in AllKeys.OrderBy(_ => random.Next()).Take(20))
        {
            if (given.ContainsKey(key))
            {
                Assert.Equal(2, (await rows.FindAsync(key, World.Ever))?.Version);
            }
            else
            {
                Assert.Equal(Newest, (await Assert.ThrowsAsync<CorruptDataException>(async () => await rows.FindAsync(key, World.Ever))).ObjectName);
            }
        }
    }

    private async Task<Dictionary<RowKey, long>> StreamAsync(List<DamagedRows> told, StoredRows? rows = null)
    {
        var given = new Dictionary<RowKey, long>();
        await foreach (var row in (rows ?? await _world.RowsAsync()).StreamAsync(null, damaged => Tell(told, damaged), World.Ever))
        {
            given.Add(row.Key, row.Version.Version);
        }

        return given;
    }

    private static void Tell(List<DamagedRows> told, DamagedRows damaged)
    {
        lock (told)
        {
            told.Add(damaged);
        }
    }

    /// <summary>Every row in version 1 in one object, and in version 2 in the next.</summary>
    private async Task StoreTwiceAsync()
    {
        await _world.OpenLogAsync("s1.1");
        for (var version = 1; version <= 2; version++)
        {
            await _world.PublishAsync("s1.1", version, [.. Enumerable.Range(0, Rows).Select(i => World.Put($"user{i:D4}", version, i))]);
            await _world.StoreAsync("s1.1", version);
        }
    }

    private void Flip(string name, int at)
    {
        var bad = (byte[])_world.Objects[name].Clone();
        bad[at] ^= 0x20;
        _world.Objects[name] = bad;
    }
}
