using Mjolnir.Chaos;
using Mjolnir.Chaos.Objects;
using Mjolnir.Storage.Objects;
using Mjolnir.Storage.Tests.Objects;

namespace Mjolnir.Storage.Tests.Chaos;

/// <summary>Chaos that does nothing is a store like any other.</summary>
public sealed class ChaosObjectStoreContractTests : ObjectStoreContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ChaosObjectStore _chaos;

    public ChaosObjectStoreContractTests() => _chaos = new ChaosObjectStore(new FolderObjectStore(_folder));

    protected override IObjectStore Store => _chaos;

    public void Dispose() => _folder.Dispose();
}

public sealed class ChaosObjectStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderObjectStore _inner;
    private readonly ChaosObjectStore _chaos;

    public ChaosObjectStoreTests()
    {
        _inner = new FolderObjectStore(_folder);
        _chaos = new ChaosObjectStore(_inner);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unknown_create_may_have_been_made_or_not(bool applied)
    {
        _chaos.HoldNext(call => call.Verb == StoreVerb.Create).ReleaseAsUnknown(applied);
        Assert.Equal(CreateOutcome.Unknown, await CreateAsync("a"));
        Assert.Equal(applied, await _inner.GetAsync("a", CancellationToken.None) is not null);
        Assert.Equal(applied ? CreateOutcome.Taken : CreateOutcome.Created, await CreateAsync("a"));
    }

    [Fact]
    public async Task A_late_create_loses_to_who_came_before()
    {
        var late = _chaos.HoldNext(call => call.Name == "a");
        late.ReleaseAsUnknown(applyLater: true);
        await CreateAsync("a", 1);
        await CreateAsync("a", 2);
        await late.ApplyLateAsync();
        Assert.Equal([2], (await _inner.GetAsync("a", CancellationToken.None))!.Value.ToArray());
    }

    [Fact]
    public async Task An_outage_lasts_until_its_gate_is_disposed()
    {
        await CreateAsync("a");
        using (var outage = _chaos.HoldEach(_ => true))
        {
            outage.ReleaseByThrowing(new StoreUnavailableException("down"));
            await Assert.ThrowsAsync<StoreUnavailableException>(() => CreateAsync("b"));
            await Assert.ThrowsAsync<StoreUnavailableException>(() => _chaos.GetAsync("a", CancellationToken.None).AsTask());
            await Assert.ThrowsAsync<StoreUnavailableException>(() => ListAsync());
        }

        Assert.Equal(["a"], await ListAsync());
    }

    [Fact]
    public async Task A_get_without_an_answer_is_a_store_that_is_unavailable()
    {
        _chaos.HoldNext(call => call.Verb == StoreVerb.Get).ReleaseAsUnknown();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _chaos.GetAsync("a", CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task Seeded_creates_are_lost_made_and_late_and_a_retry_settles_each()
    {
        var chaos = new ChaosObjectStore(_inner, new ChaosDice(new Random(3), new ChaosRates(Lost: 0.2, Done: 0.2, Late: 0.2)));
        for (var i = 0; i < 50; i++)
        {
            var outcome = CreateOutcome.Unknown;
            while (outcome == CreateOutcome.Unknown)
            {
                outcome = await chaos.CreateAsync($"o{i}", new[] { (byte)i }, CancellationToken.None);
            }

            Assert.Equal([(byte)i], (await _inner.GetAsync($"o{i}", CancellationToken.None))!.Value.ToArray());
        }
    }

    public void Dispose() => _folder.Dispose();

    private Task<CreateOutcome> CreateAsync(string name, byte content = 0) => _chaos.CreateAsync(name, new[] { content }, CancellationToken.None).AsTask();

    private async Task<List<string>> ListAsync()
    {
        var names = new List<string>();
        await foreach (var name in _chaos.ListAsync("", null, CancellationToken.None))
        {
            names.Add(name);
        }

        return names;
    }
}
