using Mjolnir.Simulation.Tests.Logs;
using Mjolnir.Simulation.Tests.Objects;
using Mjolnir.Simulation.Tests.Scheduling;
using Mjolnir.Simulation.Tests.Shards;
using Mjolnir.Storage.Logs;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Shards;
using Mjolnir.Storage.Tests.Logs;
using Mjolnir.Storage.Tests.Objects;
using Mjolnir.Storage.Tests.Shards;

namespace Mjolnir.Simulation.Tests.Contracts;

/// <summary>What every shard promises, kept by the simulated one: what memcached and the embedded shard are held to.</summary>
public sealed class Simulated_shard : ShardConnectionContract, IDisposable
{
    private readonly SimulatedWorld _world = new(seed: 1);
    private readonly SimulatedShard _shard;

    public Simulated_shard() => _shard = new SimulatedShard(_world.Loop, "s1") { MayLose = static () => false };

    protected override int ItemBytes => _shard.ItemBytes;

    [Fact]
    public async Task Tokens_start_again_at_one_after_a_restart_but_not_after_a_flush()
    {
        await using var connection = await ConnectAsync();
        Assert.Equal(1ul, (await RunAsync(connection, ShardVerb.Add, "1:a", "a")).Token);
        await _world.DoAsync(_shard.Flush);
        Assert.Equal(2ul, (await RunAsync(connection, ShardVerb.Add, "1:a", "a")).Token);
        Assert.Equal(1, connection.Incarnation);
        await RestartAsync();
        await GetAsync(connection, "1:a");
        Assert.Equal(1ul, (await RunAsync(connection, ShardVerb.Add, "1:a", "a")).Token & ((1ul << 48) - 1));
    }

    [Fact]
    public async Task A_cut_connection_loses_a_pass_and_comes_back_to_the_same_items()
    {
        await using var connection = await ConnectAsync();
        await RunAsync(connection, ShardVerb.Add, "1:a", "old");
        await _world.DoAsync(_shard.CutSomeLine);
        Assert.Equal(ShardStatus.Unknown, (await RunAsync(connection, ShardVerb.Add, "1:b", "b")).Status);
        Assert.Equal(2, connection.Incarnation);
        Assert.Equal("old", Text(await GetAsync(connection, "1:a")));
        Assert.Equal(ShardStatus.Miss, (await GetAsync(connection, "1:b")).Status);
    }

    [Fact]
    public async Task A_token_of_an_earlier_incarnation_is_never_taken()
    {
        await using var connection = await ConnectAsync();
        var token = (await RunAsync(connection, ShardVerb.Add, "1:a", "a")).Token;
        await _world.DoAsync(_shard.CutSomeLine);
        await GetAsync(connection, "1:a");
        Assert.Equal(ShardStatus.Conflict, (await RunAsync(connection, ShardVerb.CompareAndSet, "1:a", "b", token)).Status);
        Assert.Equal("a", Text(await GetAsync(connection, "1:a")));
    }

    [Fact]
    public async Task A_shard_that_is_away_is_told_as_not_connected()
    {
        await using var connection = await ConnectAsync();
        Assert.True(connection.IsConnected);
        await _world.DoAsync(_shard.Kill);
        Assert.False(connection.IsConnected);
        await _world.DoAsync(_shard.Start);
        await GetAsync(connection, "1:a");
        Assert.True(connection.IsConnected);
    }

    public void Dispose() => _world.Dispose();

    protected override async ValueTask<IShardConnection> ConnectAsync()
    {
        var process = _world.NewProcess();
        SimulatedShardConnection? connection = null;
        await _world.DoAsync(() => connection = _shard.Connect(process));
        return new AskedShardConnection(_world, process, connection!);
    }

    protected override async ValueTask RestartAsync() => await _world.DoAsync(() => _shard.Restart(TimeSpan.FromMilliseconds(30)));

    protected override async ValueTask ExpireLeasesAsync() => await _world.PassAsync(SimulatedShard.Lease);
}

/// <summary>What every commit log promises, kept by the simulated one: what RabbitMQ and the log of files are held to.</summary>
public sealed class Simulated_broker : LogBrokerContract
{
    private readonly SimulatedWorld _world = new(seed: 2);
    private readonly SimulatedBroker _logs;
    private SimulatedProcess _process = null!;
    private ILogBroker _broker = null!;

    public Simulated_broker()
    {
        _logs = new SimulatedBroker(_world.Loop);
        Start();
    }

    protected override ILogBroker Broker => _broker;

    [Fact]
    public async Task A_lost_queue_is_gone_with_its_messages_and_nobody_can_publish_there()
    {
        await using var publisher = await DeclareAsync();
        await PublishAllAsync(publisher, "a");
        await _world.DoAsync(() => _logs.Lose(Log));
        Assert.Empty(await Broker.ListAsync([Log], Cancellation));
        Assert.Equal(PublishOutcome.Unroutable, await PublishAsync(publisher, "b"));
        await Assert.ThrowsAsync<UnknownLogException>(() => Broker.OpenConsumerAsync(Log, Cancellation).AsTask());
    }

    public override async Task DisposeAsync()
    {
        _world.Dispose();
        await base.DisposeAsync();
    }

    protected override async ValueTask RestartAsync()
    {
        await _world.DoAsync(_process.Crash);
        Start();
    }

    private void Start()
    {
        _process = _world.NewProcess();
        _broker = new AskedLogBroker(_world, _process, _logs.For(_process));
    }
}

/// <summary>What every store promises, kept by the simulated one: what S3 and the folder are held to.</summary>
public sealed class Simulated_store : ObjectStoreContract, IDisposable
{
    private readonly SimulatedWorld _world = new(seed: 3);

    public Simulated_store()
    {
        var process = _world.NewProcess();
        Store = new AskedObjectStore(_world, process, new SimulatedStore(_world.Loop).For(process));
    }

    protected override IObjectStore Store { get; }

    public void Dispose() => _world.Dispose();
}
