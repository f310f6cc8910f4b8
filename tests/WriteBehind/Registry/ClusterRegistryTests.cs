using Mjolnir.Chaos.Objects;
using Mjolnir.Core;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Registry;

namespace Mjolnir.WriteBehind.Tests.Registry;

public sealed class ClusterRegistryTests
{
    private readonly World _world = new();

    private ClusterRegistry Registry => new(_world.Store);

    [Fact]
    public async Task The_latest_view_is_the_one_with_the_highest_number()
    {
        Assert.Null(await Registry.LatestViewAsync(World.Ever));
        await Registry.CreateViewAsync(View(9, "a"), World.Ever);
        await Registry.CreateViewAsync(View(10, "b"), World.Ever);
        await Registry.MarkActiveAsync(9, World.Ever);
        Assert.Equal(10, (await Registry.LatestViewAsync(World.Ever))?.Number);
        Assert.Equal("a", (await Registry.ReadViewAsync(9, World.Ever))?.Shards[0].Label);
        Assert.Null(await Registry.ReadViewAsync(8, World.Ever));
        Assert.True(await Registry.IsActiveAsync(9, World.Ever));
        Assert.False(await Registry.IsActiveAsync(10, World.Ever));
    }

    [Fact]
    public async Task A_view_is_made_once()
    {
        Assert.Equal(CreateOutcome.Created, await Registry.CreateViewAsync(View(1, "a"), World.Ever));
        Assert.Equal(CreateOutcome.Taken, await Registry.CreateViewAsync(View(1, "b"), World.Ever));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task An_own_view_whose_answer_was_lost_is_recognised(bool applied, bool later)
    {
        _world.Store.HoldNext(operation => operation.Verb == StoreVerb.Create).ReleaseAsUnknown(applied, later);
        Assert.Equal(CreateOutcome.Created, await Registry.CreateViewAsync(View(1, "a"), World.Ever));
    }

    [Fact]
    public async Task V8_a_view_is_opened_by_one_owner_only()
    {
        Assert.True(await Registry.ClaimOpeningAsync(1, "one", World.Ever));
        Assert.False(await Registry.ClaimOpeningAsync(1, "other", World.Ever));
        Assert.True(await Registry.ClaimOpeningAsync(1, "one", World.Ever));
        Assert.True(await Registry.ClaimOpeningAsync(2, "other", World.Ever));
    }

    [Fact]
    public async Task The_epochs_of_a_server_are_never_used_again()
    {
        Assert.Equal(1, await Registry.NextEpochAsync("s1", World.Ever));
        foreach (var log in new[] { "s1.1", "s1.2", "s1.10", "s2.40", "s11.77" })
        {
            await Registry.RegisterLogAsync(log, World.Ever);
        }

        Assert.Equal(11, await Registry.NextEpochAsync("s1", World.Ever));
        Assert.Equal(["s1.1", "s1.10", "s1.2", "s11.77", "s2.40"], await Registry.ListLogsAsync(World.Ever));
        await Assert.ThrowsAsync<InvariantException>(async () => await Registry.RegisterLogAsync("s1.2", World.Ever));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_registration_whose_answer_was_lost_counts(bool applied)
    {
        _world.Store.HoldNext(operation => operation.Verb == StoreVerb.Create).ReleaseAsUnknown(applied);
        await Registry.RegisterLogAsync("s1.1", World.Ever);
        Assert.Equal(["s1.1"], await Registry.ListLogsAsync(World.Ever));
    }

    [Fact]
    public async Task A_store_that_never_answers_is_unavailable()
    {
        _world.Store.HoldEach(operation => operation.Verb == StoreVerb.Create).ReleaseAsUnknown();
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await Registry.CreateViewAsync(View(1, "a"), World.Ever));
    }

    private static ClusterView View(long number, string label) => new(number, [new ShardDescription("s1", label)], [new SlotRange(0, 4095, 0, number)], []);
}
