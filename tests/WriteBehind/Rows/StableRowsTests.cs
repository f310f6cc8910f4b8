using Mjolnir.Core.Envelopes;
using Mjolnir.Storage.Rows;

namespace Mjolnir.WriteBehind.Tests.Rows;

/// <summary>What an export reads: one state, whatever is stored of which log when.</summary>
public sealed class StableRowsTests
{
    private readonly World _world = new();

    [Fact]
    public async Task What_depends_on_batches_that_are_not_stored_is_left_out_until_they_are()
    {
        await _world.OpenLogAsync("s1.1");
        await _world.OpenLogAsync("s2.1");
        await _world.PublishAsync("s1.1", 1, World.Put("alice", 1, 10), World.Put("bob", 1, 10));
        await _world.StoreAsync("s1.1", 1);

        // s1 moves 4 from alice to bob; s2 then moves 2 back and is stored first.
        await _world.PublishAsync("s1.1", 2, World.Put("alice", 2, 6), World.Put("bob", 2, 14));
        await _world.PublishAsync("s2.1", 1, new Stamp("s1.1", 2), World.Put("alice", 3, 8), World.Put("bob", 3, 12));
        await _world.StoreAsync("s2.1", 1);
        Assert.Equal("alice {\"v\":10} bob {\"v\":10}", await ReadAsync());
        await _world.StoreAsync("s1.1", 2);
        Assert.Equal("alice {\"v\":8} bob {\"v\":12}", await ReadAsync());
    }

    [Fact]
    public async Task Merged_segments_make_no_difference()
    {
        for (var log = 1; log <= 3; log++)
        {
            await _world.OpenLogAsync($"s{log}.1");
            for (var batch = 1; batch <= 10; batch++)
            {
                await _world.PublishAsync($"s{log}.1", batch, World.Put($"user{log}{batch % 3}", ((batch - 1) / 3) + 1, batch));
                await _world.StoreAsync($"s{log}.1", batch);
            }
        }

        var before = await ReadAsync();
        Assert.True(await _world.Compactor(new WriteBehindLimits { EntriesPerLog = 4, EntriesOfAll = 4 }).RoundAsync(World.Ever) > 0);
        Assert.Equal(before, await ReadAsync());
        Assert.Contains("user11 {\"v\":10}", before, StringComparison.Ordinal);
    }

    private async Task<string> ReadAsync()
    {
        var rows = await StableRows.OpenAsync(_world.Store, World.Ever);
        var text = new List<string>();
        await foreach (var row in rows.StreamAsync(null, World.Ever))
        {
            text.Add($"{row.Key.PrimaryKey} {row.Version.Value}");
        }

        return string.Join(' ', text);
    }
}
