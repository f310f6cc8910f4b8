using System.Diagnostics;
using System.Text;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Tests.Objects.S3;

/// <summary>Every way that a request can end, over real connections. No outcome is invented and none is swallowed.</summary>
public sealed class S3FaultTests : IAsyncLifetime
{
    private const string Name = "logs/s1.1/entries/0000000001.gz";

    private static readonly byte[] Content = Encoding.UTF8.GetBytes("the content");

    private FaultyS3 _s3 = null!;
    private S3ObjectStore _store = null!;

    public async Task InitializeAsync()
    {
        _s3 = await FaultyS3.StartAsync();
        _store = StoreAt(_s3);
    }

    [Fact]
    public async Task Without_faults_the_little_server_is_an_s3()
    {
        Assert.Equal(CreateOutcome.Created, await CreateAsync());
        Assert.Equal(CreateOutcome.Taken, await CreateAsync());
        Assert.Equal("the content", await GetAsync());
        Assert.Equal([Name], await ListAsync());
        await _store.DeleteAsync(Name, CancellationToken.None);
        Assert.Null(await GetAsync());
    }

    [Fact]
    public async Task A_creation_is_one_way_there_and_back()
    {
        await CreateAsync();
        Assert.Equal(CreateOutcome.Created, await _store.CreateAsync("large", new byte[3_000_000], CancellationToken.None));
        Assert.Equal(0, _s3.Waited);
    }

    [Fact]
    public async Task A_creation_answered_409_is_tried_again()
    {
        _s3.Next(409, "ConditionalRequestConflict", times: 2);
        Assert.Equal(CreateOutcome.Created, await CreateAsync());
        Assert.Equal(3, _s3.Requests.Count);
    }

    [Fact]
    public async Task A_creation_answered_409_for_ever_ends_unknown()
    {
        _s3.Always = (Fault.None, 409, "ConditionalRequestConflict");
        Assert.Equal(CreateOutcome.Unknown, await CreateAsync());
        Assert.Equal(S3Limits.ConflictTries, _s3.Requests.Count);
    }

    [Theory]
    [InlineData(500, "InternalError")]
    [InlineData(503, "SlowDown")]
    [InlineData(503, "ServiceUnavailable")]
    [InlineData(429, "TooManyRequests")]
    [InlineData(400, "RequestTimeout")]
    public async Task A_creation_answered_later_is_unknown_and_asked_once(int status, string code)
    {
        _s3.Next(status, code);
        Assert.Equal(CreateOutcome.Unknown, await CreateAsync());
        Assert.Single(_s3.Requests);
        Assert.Equal(1, _store.Requests.Figures.Failures);
    }

    [Theory]
    [InlineData(nameof(Fault.ClosedBefore), false)]
    [InlineData(nameof(Fault.ClosedAfter), true)]
    [InlineData(nameof(Fault.ErrorAfter), true)]
    [InlineData(nameof(Fault.Silent), false)]
    public async Task A_creation_without_an_answer_is_unknown_whether_it_was_done_or_not(string fault, bool done)
    {
        _s3.Next(Enum.Parse<Fault>(fault));
        Assert.Equal(CreateOutcome.Unknown, await CreateAsync());
        Assert.Equal(done, _s3.Has(Name));
        Assert.Single(_s3.Requests);
    }

    [Theory]
    [InlineData(nameof(Fault.ClosedBefore))]
    [InlineData(nameof(Fault.ClosedAfter))]
    [InlineData(nameof(Fault.ErrorAfter))]
    [InlineData(nameof(Fault.Silent))]
    [InlineData(nameof(Fault.DoneTooLate))]
    public async Task A_settled_creation_is_ours_whatever_became_of_the_first_request(string fault)
    {
        _s3.Next(Enum.Parse<Fault>(fault));
        Assert.Equal(CreateOutcome.Created, await _store.CreateSettledAsync(Name, Content, CancellationToken.None));
        Assert.Equal("the content", await GetAsync());
    }

    [Fact]
    public async Task A_creation_that_is_done_after_its_client_gave_up_is_found_taken_by_the_next()
    {
        _s3.Next(Fault.DoneTooLate);
        Assert.Equal(CreateOutcome.Unknown, await CreateAsync());
        await _s3.DoneLate.Task;
        Assert.Equal(CreateOutcome.Taken, await CreateAsync());
        Assert.Equal("the content", await GetAsync());
    }

    [Theory]
    [InlineData(403, "AccessDenied", "do not allow")]
    [InlineData(403, "InvalidAccessKeyId", "access key is not known")]
    [InlineData(403, "SignatureDoesNotMatch", "secret key is wrong")]
    [InlineData(403, "RequestTimeTooSkewed", "clock is wrong")]
    [InlineData(404, "NoSuchBucket", "no such bucket")]
    [InlineData(400, "InvalidRequest", "400 InvalidRequest")]
    public async Task What_is_refused_says_why_and_is_not_tried_again(int status, string code, string expected)
    {
        _s3.Always = (Fault.None, status, code);
        foreach (var ask in new Func<Task>[] { CreateAsync, GetAsync, ListAsync, () => _store.DeleteAsync(Name, CancellationToken.None).AsTask() })
        {
            var failure = await Assert.ThrowsAsync<StoreUnavailableException>(ask);
            Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
            Assert.Contains($"{_s3.Endpoint.Authority}/bucket", failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("a-secret", failure.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal(4, _s3.Requests.Count);
    }

    [Theory]
    [InlineData(nameof(Fault.ClosedBefore), 0)]
    [InlineData(nameof(Fault.ClosedAfter), 0)]
    [InlineData(nameof(Fault.Silent), 0)]
    [InlineData(nameof(Fault.None), 500)]
    [InlineData(nameof(Fault.None), 503)]
    public async Task A_read_list_or_delete_without_an_answer_is_asked_again_and_ends_at_the_limit(string name, int status)
    {
        await CreateAsync();
        foreach (var ask in new Func<Task>[] { GetAsync, ListAsync, () => _store.DeleteAsync(Name, CancellationToken.None).AsTask() })
        {
            var plan = (Enum.Parse<Fault>(name), status, "SlowDown");
            _s3.Requests.Clear();
            _s3.Always = plan;
            await Assert.ThrowsAsync<StoreUnavailableException>(ask);
            Assert.Equal(S3Limits.Tries, _s3.Requests.Count);
            _s3.Always = default;
            await ask();
        }
    }

    [Fact]
    public async Task Two_failures_in_a_row_are_not_seen_by_who_reads()
    {
        await CreateAsync();
        _s3.Next(Fault.ClosedBefore, Fault.Silent);
        Assert.Equal("the content", await GetAsync());
        _s3.Next(Fault.ClosedBefore, Fault.Gibberish);
        Assert.Equal([Name], await ListAsync());
    }

    [Fact]
    public async Task Content_cut_short_is_never_taken_for_the_whole()
    {
        await CreateAsync();
        _s3.Next(Fault.CutShort);
        Assert.Equal("the content", await GetAsync());
        _s3.Always = (Fault.CutShort, 0, "");
        await Assert.ThrowsAsync<StoreUnavailableException>(GetAsync);
    }

    [Fact]
    public async Task A_list_that_is_no_list_is_an_outage_and_not_an_empty_bucket()
    {
        _s3.Always = (Fault.Gibberish, 0, "");
        await Assert.ThrowsAsync<StoreUnavailableException>(ListAsync);
    }

    [Fact]
    public async Task The_caller_can_give_up_at_any_moment()
    {
        _s3.Always = (Fault.Silent, 0, "");
        using var store = new S3ObjectStore(Settings(_s3.Endpoint), TimeProvider.System);
        foreach (var ask in new Func<CancellationToken, Task>[]
        {
            token => store.CreateAsync(Name, Content, token).AsTask(),
            token => store.GetAsync(Name, token).AsTask(),
            token => store.DeleteAsync(Name, token).AsTask(),
        })
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            var began = Stopwatch.GetTimestamp();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ask(stop.Token));
            Assert.True(Stopwatch.GetElapsedTime(began) < S3Limits.RequestPatience / 2);
        }
    }

    [Fact]
    public async Task A_store_that_returns_after_an_outage_is_used_again()
    {
        await CreateAsync();
        var port = _s3.Endpoint.Port;
        await _s3.DisposeAsync();
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(GetAsync);
            Assert.Equal(CreateOutcome.Unknown, await CreateAsync());
        }

        _s3 = await FaultyS3.StartAsync(port);
        Assert.Equal(CreateOutcome.Created, await CreateAsync());
        Assert.Equal("the content", await GetAsync());
    }

    [Fact]
    public async Task No_more_requests_than_the_limit_are_under_way()
    {
        _s3.Slowness = TimeSpan.FromMilliseconds(20);
        await Task.WhenAll(Enumerable.Range(0, 4 * S3Limits.ParallelRequests).Select(_ => GetAsync()));
        Assert.Equal(4 * S3Limits.ParallelRequests, _s3.Requests.Count);
        Assert.InRange(_s3.MostAtOnce, 2, S3Limits.ParallelRequests);
    }

    public async Task DisposeAsync()
    {
        _store.Dispose();
        await _s3.DisposeAsync();
    }

    private static S3Settings Settings(Uri endpoint) => new(endpoint, "bucket") { AccessKey = "a-key", SecretKey = "a-secret" };

    /// <summary>Its patience ends when the server has a request that it will not answer.</summary>
    private static S3ObjectStore StoreAt(FaultyS3 s3)
    {
        var time = new HastyTime();
        s3.Silenced = time.GiveUp;
        return new S3ObjectStore(Settings(s3.Endpoint), time);
    }

    private Task<CreateOutcome> CreateAsync() => _store.CreateAsync(Name, Content, CancellationToken.None).AsTask();

    private async Task<string?> GetAsync() => await _store.GetAsync(Name, CancellationToken.None) is { } found ? Encoding.UTF8.GetString(found.Span) : null;

    private async Task<List<string>> ListAsync() => await _store.ListAsync("", null, CancellationToken.None).ToListAsync();
}
