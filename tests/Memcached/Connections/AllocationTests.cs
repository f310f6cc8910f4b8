using Mjolnir.Servers;

namespace Mjolnir.Memcached.Tests.Connections;

/// <summary>Tests that measure this process run when no other does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeasuringTests
{
    public const string Name = "measuring";
}

[Collection(MeasuringTests.Name)]
public sealed class AllocationTests
{
    private const int Passes = 2000;
    private const int Operations = 64;

    [Theory]
    [InlineData(MemcachedVerb.Get)]
    [InlineData(MemcachedVerb.CompareAndSet)]
    [InlineData(MemcachedVerb.CompareAndSetKeeping)]
    public async Task An_operation_allocates_nothing(MemcachedVerb verb)
    {
        await using var server = await MemcachedServer.StartAsync();
        await using var connection = new MemcachedConnection(MemcachedAddress.Parse(server.Address));
        var pass = new Repeated(verb);
        await RunAsync(connection, pass, 200);

        // The whole process, the reading thread included. Collections and timers of the runtime and the test runner allocate a little by themselves.
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await RunAsync(connection, pass, Passes);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Equal((Passes + 200L) * Operations, pass.Answered);

        // The runtime hands a continuation to the pool in an object of some 70 bytes, one a pass. The smallest object an operation would be 64 times 24 bytes a pass.
        Assert.InRange(allocated / Passes, 0, 256);
    }

    private static async Task RunAsync(MemcachedConnection connection, Repeated pass, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await connection.RunAsync(pass);
        }
    }

    /// <summary>The same pass over and over; its writes carry the tokens that the ones before got.</summary>
    private sealed class Repeated(MemcachedVerb verb) : IMemcachedPass
    {
        private readonly string[] _keys = [.. Enumerable.Range(0, Operations).Select(i => $"1:bank/users/user{i}")];
        private readonly ulong[] _tokens = new ulong[Operations];
        private readonly byte[] _value = new byte[60];

        public int Count => Operations;

        public long Answered { get; private set; }

        public bool TryAsk(int index, out MemcachedRequest request)
        {
            request = new MemcachedRequest(_tokens[index] == 0 ? MemcachedVerb.Set : verb, _keys[index], _value, _tokens[index]);
            return true;
        }

        public ReadOnlyMemory<byte> ValueOf(int index) => _value;

        public void Answer(int index, MemcachedAnswer answer)
        {
            _tokens[index] = answer.Token;
            Answered += answer.Status is MemcachedStatus.Stored or MemcachedStatus.Hit ? 1 : 0;
        }

        public void End(long incarnation, bool complete) => Assert.True(complete);
    }
}
