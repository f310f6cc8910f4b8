using System.Text;
using Mjolnir.Chaos;
using Mjolnir.Chaos.Shards;
using Mjolnir.Storage.Shards;
using Mjolnir.Storage.Tests.Shards;

namespace Mjolnir.Storage.Tests.Chaos;

/// <summary>Chaos that does nothing is a shard like any other.</summary>
public sealed class ChaosShardConnectionContractTests : ShardConnectionContract
{
    private readonly ManualTime _time = new();
    private readonly EmbeddedShard _shard;

    public ChaosShardConnectionContractTests() => _shard = new EmbeddedShard("s1", time: _time);

    protected override int ItemBytes => EmbeddedShardLimits.Default.ItemBytes;

    protected override ValueTask<IShardConnection> ConnectAsync() =>
        new(new ChaosShardConnection(_shard.Connect(), new ChaosDice(new Random(1), new ChaosRates())));

    protected override ValueTask RestartAsync()
    {
        _shard.Restart();
        return default;
    }

    protected override ValueTask ExpireLeasesAsync()
    {
        _time.Advance(EmbeddedShardLimits.Default.Lease);
        return default;
    }
}

public sealed class ChaosShardConnectionTests
{
    private readonly EmbeddedShard _shard = new("s1");
    private readonly ChaosShardConnection _chaos;

    public ChaosShardConnectionTests() => _chaos = new ChaosShardConnection(_shard.Connect());

    [Fact]
    public async Task A_held_operation_is_not_done_until_released()
    {
        var gate = _chaos.HoldNext(one => one.Verb == ShardVerb.Add);
        var pass = Pass(Add("a"), Add("b"));
        var run = _chaos.RunAsync(pass, CancellationToken.None).AsTask();
        Assert.Equal("a", (await gate.Reached).CacheKey);
        Assert.False(run.IsCompleted);
        Assert.Equal(0, _shard.Statistics.Items);
        gate.Release();
        await run;
        Assert.All(pass, one => Assert.Equal(ShardStatus.Stored, one.Status));
        Assert.Equal(1, _chaos.Incarnation);
    }

    [Fact]
    public async Task What_stands_before_the_held_operation_in_its_pass_is_done()
    {
        var gate = _chaos.HoldNext(one => one.CacheKey == "b");
        var run = _chaos.RunAsync(Pass(Add("a"), Add("b"), Add("c")), CancellationToken.None).AsTask();
        await gate.Reached;
        Assert.True(Has("a"));
        Assert.False(Has("b"));
        gate.Release();
        await run;
        Assert.True(Has("c"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lost_answer_is_unknown_for_the_rest_of_the_pass_and_the_connection_is_new(bool applied)
    {
        _chaos.HoldNext(one => one.CacheKey == "b").ReleaseAsUnknown(applied);
        var pass = await RunAsync(Add("a"), Add("b"), Add("c"));
        Assert.Equal([ShardStatus.Stored, ShardStatus.Unknown, ShardStatus.Unknown], pass.Select(one => one.Status));
        Assert.Equal(2, _chaos.Incarnation);
        Assert.True(Has("a"));
        Assert.Equal(applied, Has("b"));
        Assert.Equal(applied, Has("c"));
    }

    [Fact]
    public async Task A_late_compare_and_set_lands_if_nobody_wrote_and_fails_if_somebody_did()
    {
        var token = (await RunAsync(Add("x", "old")))[0].Token;
        var late = _chaos.HoldNext(one => one.Verb == ShardVerb.CompareAndSet);
        late.ReleaseAsUnknown(applyLater: true);
        var lost = (await RunAsync(Set("x", "late", token)))[0];
        Assert.Equal((ShardStatus.Unknown, token), (lost.Status, lost.Token));
        Assert.Equal("old", Value("x"));
        await RunAsync(Set("x", "old", token));
        await late.ApplyLateAsync();
        Assert.Equal("old", Value("x"));
    }

    [Fact]
    public async Task A_late_compare_and_set_that_nobody_fenced_lands()
    {
        var token = (await RunAsync(Add("x", "old")))[0].Token;
        var late = _chaos.HoldNext(one => one.Verb == ShardVerb.CompareAndSet);
        late.ReleaseAsUnknown(applyLater: true);
        await RunAsync(Set("x", "late", token));
        await late.ApplyLateAsync();
        Assert.Equal("late", Value("x"));
    }

    [Fact]
    public async Task What_is_late_never_reaches_a_restarted_shard()
    {
        var token = (await RunAsync(Add("x", "old")))[0].Token;
        var late = _chaos.HoldNext(one => one.Verb == ShardVerb.CompareAndSet);
        late.ReleaseAsUnknown(applyLater: true);
        await RunAsync(Set("x", "late", token));
        _shard.Restart();
        await RunAsync(Get("x"));
        Assert.Equal(token, (await RunAsync(Add("x", "new")))[0].Token);
        await late.ApplyLateAsync();
        Assert.Equal("new", Value("x"));
    }

    [Fact]
    public async Task A_held_pass_over_a_connection_that_was_lost_meanwhile_is_unknown_and_not_done()
    {
        var gate = _chaos.HoldNext(one => one.CacheKey == "a");
        var held = Pass(Add("a"));
        var run = _chaos.RunAsync(held, CancellationToken.None).AsTask();
        await gate.Reached;
        _chaos.HoldNext(one => one.CacheKey == "b").ReleaseAsUnknown();
        await RunAsync(Add("b"));
        gate.Release();
        await run;
        Assert.Equal(ShardStatus.Unknown, held[0].Status);
        Assert.False(Has("a"));
    }

    [Fact]
    public async Task A_held_answer_was_done_and_may_still_be_lost()
    {
        var token = (await RunAsync(Add("x", "old")))[0].Token;
        var gate = _chaos.HoldNextAnswer(one => one.Verb == ShardVerb.CompareAndSet);
        var pass = Pass(Set("x", "new", token), Get("x"));
        var run = _chaos.RunAsync(pass, CancellationToken.None).AsTask();
        await gate.Reached;
        Assert.Equal("new", Value("x"));
        gate.ReleaseAsUnknown();
        await run;
        Assert.All(pass, one => Assert.Equal(ShardStatus.Unknown, one.Status));
        Assert.Equal(token, pass[0].Token);
    }

    [Fact]
    public async Task A_held_answer_that_is_released_is_the_shards()
    {
        var gate = _chaos.HoldNextAnswer(one => one.CacheKey == "b");
        gate.Release();
        var pass = await RunAsync(Add("a"), Add("b", "value"), Get("b"));
        Assert.Equal([ShardStatus.Stored, ShardStatus.Stored, ShardStatus.Hit], pass.Select(one => one.Status));
        Assert.Equal(pass[1].Token, pass[2].Token);
        Assert.Equal(2, _shard.Statistics.Sets);
    }

    [Fact]
    public async Task A_test_may_answer_in_the_shards_place()
    {
        _chaos.HoldNext(one => one.CacheKey == "b").ReleaseAs(ShardStatus.Full);
        var pass = await RunAsync(Add("a"), Add("b"), Add("c"));
        Assert.Equal([ShardStatus.Stored, ShardStatus.Full, ShardStatus.Stored], pass.Select(one => one.Status));
        Assert.False(Has("b"));
    }

    [Fact]
    public async Task A_gate_for_the_next_lets_the_one_after_it_pass_and_a_gate_for_each_does_not()
    {
        _chaos.HoldNext(_ => true).ReleaseAs(ShardStatus.Full);
        Assert.Equal([ShardStatus.Full, ShardStatus.Stored], (await RunAsync(Add("a"), Add("b"))).Select(one => one.Status));
        using (var each = _chaos.HoldEach(_ => true))
        {
            each.ReleaseAs(ShardStatus.Full);
            Assert.Equal([ShardStatus.Full, ShardStatus.Full], (await RunAsync(Add("c"), Add("d"))).Select(one => one.Status));
        }

        Assert.Equal([ShardStatus.Stored], (await RunAsync(Add("e"))).Select(one => one.Status));
    }

    [Fact]
    public void A_gate_is_decided_once()
    {
        var gate = _chaos.HoldNext(_ => true);
        gate.Release();
        Assert.Throws<InvalidOperationException>(() => gate.ReleaseAsUnknown());
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_faults_and_no_answer_lies()
    {
        var first = await RollAsync(new EmbeddedShard("s1"), seed: 7);
        Assert.Equal(first, await RollAsync(new EmbeddedShard("s1"), seed: 7));
        Assert.NotEqual(first, await RollAsync(new EmbeddedShard("s1"), seed: 8));
        Assert.Contains(ShardStatus.Unknown, first);
        Assert.Contains(ShardStatus.Stored, first);
    }

    private static async Task<List<ShardStatus>> RollAsync(EmbeddedShard shard, int seed)
    {
        var chaos = new ChaosShardConnection(shard.Connect(), new ChaosDice(new Random(seed), new ChaosRates(Lost: 0.1, Done: 0.1, Late: 0.1)));
        var answers = new List<ShardStatus>();
        for (var i = 0; i < 100; i++)
        {
            var pass = Pass(Add($"{i}", $"{i}"), Get($"{i}"));
            await chaos.RunAsync(pass, CancellationToken.None);
            answers.AddRange(pass.Select(one => one.Status));
            Assert.True(pass[1].Status != ShardStatus.Hit || Encoding.UTF8.GetString(pass[1].Value.Span) == $"{i}");
        }

        return answers;
    }

    private static List<ShardOperation> Pass(params ShardOperation[] operations) => [.. operations];

    private static ShardOperation Add(string key, string value = "") => Operation(ShardVerb.Add, key, value, 0);

    private static ShardOperation Set(string key, string value, ulong token) => Operation(ShardVerb.CompareAndSet, key, value, token);

    private static ShardOperation Get(string key) => Operation(ShardVerb.Get, key, "", 0);

    private static ShardOperation Operation(ShardVerb verb, string key, string value, ulong token) =>
        new() { Verb = verb, CacheKey = key, Value = Encoding.UTF8.GetBytes(value), Token = token };

    private async Task<List<ShardOperation>> RunAsync(params ShardOperation[] operations)
    {
        var pass = Pass(operations);
        await _chaos.RunAsync(pass, CancellationToken.None);
        return pass;
    }

    private bool Has(string key) => Seen(key).Status == ShardStatus.Hit;

    private string Value(string key) => Encoding.UTF8.GetString(Seen(key).Value.Span);

    /// <summary>What the shard itself holds, asked over another connection, which answers at once.</summary>
    private ShardOperation Seen(string key)
    {
        var get = Get(key);
        Assert.True(_shard.Connect().RunAsync([get], CancellationToken.None).IsCompletedSuccessfully);
        return get;
    }
}
