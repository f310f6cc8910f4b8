using Mjolnir.Servers;
using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Tests.Objects.S3;

/// <summary>What an operator is told at start.</summary>
public sealed class S3CapabilityTests
{
    [Fact]
    public async Task A_real_s3_is_fit_and_its_bucket_is_made_and_the_probe_leaves_nothing()
    {
        var settings = (await S3Server.SharedAsync()).NewSettings() with { Bucket = $"made-{Guid.NewGuid():N}" };
        using var store = new S3ObjectStore(settings, TimeProvider.System);
        var check = await S3Capability.CheckAsync(store, CancellationToken.None);
        Assert.Equal(S3CheckKind.Good, check.Kind);
        Assert.Empty(await store.ListAsync("", null, CancellationToken.None).ToListAsync());
    }

    [Fact]
    public async Task Servers_that_start_together_make_the_bucket_together()
    {
        var settings = (await S3Server.SharedAsync()).NewSettings() with { Bucket = $"made-{Guid.NewGuid():N}" };
        var checks = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            using var store = new S3ObjectStore(settings, TimeProvider.System);
            return await S3Capability.CheckAsync(store, CancellationToken.None);
        }));
        Assert.All(checks, check => Assert.Equal(S3CheckKind.Good, check.Kind));
    }

    [Theory]
    [InlineData(true, "access key is not known")]
    [InlineData(false, "secret key is wrong")]
    public async Task Wrong_keys_are_told_without_showing_them(bool wrongAccessKey, string expected)
    {
        var good = (await S3Server.SharedAsync()).NewSettings();
        var check = await CheckAsync(wrongAccessKey ? good with { AccessKey = "NOBODY" } : good with { SecretKey = "a-wrong-secret" });
        Assert.Equal(S3CheckKind.Refused, check.Kind);
        Assert.Contains(expected, check.Message, StringComparison.Ordinal);
        Assert.Contains($"{good.Endpoint!.Authority}/tests", check.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a-wrong-secret", check.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_where_nobody_listens_is_told()
    {
        var port = Services.Programs.FreePorts(1)[0];
        var check = await CheckAsync(SettingsAt(new Uri($"http://127.0.0.1:{port}")));
        Assert.Equal(S3CheckKind.Unreachable, check.Kind);
        Assert.Contains($"127.0.0.1:{port}/bucket cannot be reached", check.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_overwrites_is_unfit()
    {
        await using var s3 = await FaultyS3.StartAsync(overwrites: true);
        var check = await CheckAsync(SettingsAt(s3.Endpoint));
        Assert.Equal(S3CheckKind.Unfit, check.Kind);
        Assert.Contains("created twice", check.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_does_not_know_the_condition_is_unfit()
    {
        await using var s3 = await FaultyS3.StartAsync();
        s3.Next(501, "NotImplemented");
        Assert.Equal(S3CheckKind.Unfit, (await CheckAsync(SettingsAt(s3.Endpoint))).Kind);
    }

    [Fact]
    public async Task A_missing_bucket_that_may_not_be_made_is_told()
    {
        await using var s3 = await FaultyS3.StartAsync();
        s3.Next(404, "NoSuchBucket");
        s3.Next(403, "AccessDenied");
        var check = await CheckAsync(SettingsAt(s3.Endpoint));
        Assert.Equal(S3CheckKind.NoBucket, check.Kind);
        Assert.Contains("no such bucket", check.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_is_only_late_is_not_called_unfit()
    {
        await using var s3 = await FaultyS3.StartAsync();
        s3.Next(Fault.None);
        s3.Next(503, "SlowDown");
        Assert.Equal(S3CheckKind.Unreachable, (await CheckAsync(SettingsAt(s3.Endpoint))).Kind);
    }

    private static S3Settings SettingsAt(Uri endpoint) => new(endpoint, "bucket") { AccessKey = "a-key", SecretKey = "a-secret" };

    private static async Task<S3Check> CheckAsync(S3Settings settings)
    {
        using var store = new S3ObjectStore(settings, TimeProvider.System);
        return await S3Capability.CheckAsync(store, CancellationToken.None);
    }
}
