using System.Runtime.Versioning;
using Mjolnir.AppServer.Sessions;

namespace Mjolnir.AppServer.Tests.Sessions;

/// <summary>The secrets file: made once, readable by its owner only.</summary>
[SupportedOSPlatform("linux")]
public sealed class SecretsTests : IDisposable
{
    private const string Template = """{"sessionKeys":[{"created":"2026-01-01T00:00:00Z","key":"KEY"}],"statusToken":"0123456789012345678901234567890123456789"}""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mjolnir-secrets-");

    private string FilePath => Path.Combine(_folder.FullName, SecretsFile.FileName);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void First_start_makes_the_file_for_its_owner_only_and_later_ones_read_it()
    {
        var first = SecretsFile.LoadOrCreate(_folder.FullName, TimeProvider.System);
        var second = SecretsFile.LoadOrCreate(_folder.FullName, TimeProvider.System);

        Assert.Equal(first.StatusToken, second.StatusToken);
        Assert.Equal(first.SessionKeys, second.SessionKeys);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Single(_folder.GetFiles());
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_file_that_others_may_read_or_write_is_refused(UnixFileMode more)
    {
        SecretsFile.LoadOrCreate(_folder.FullName, TimeProvider.System);
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite | more);

        var error = Assert.Throws<SecretsException>(() => SecretsFile.Load(FilePath));

        Assert.Contains("chmod 600", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"sessionKeys":[],"statusToken":"0123456789012345678901234567890123456789"}""")]
    [InlineData("SHORT")]
    [InlineData("NOT BASE64")]
    public void A_broken_file_is_refused_without_telling_its_content(string content)
    {
        content = content switch
        {
            "SHORT" => Template.Replace("KEY", "c2VjcmV0", StringComparison.Ordinal),
            "NOT BASE64" => Template.Replace("KEY", "secret!!", StringComparison.Ordinal),
            _ => content,
        };
        File.WriteAllText(FilePath, content);
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var error = Assert.Throws<SecretsException>(() => SecretsFile.Load(FilePath));

        Assert.DoesNotContain("secret!!", error.ToString());
        Assert.DoesNotContain("c2VjcmV0", error.ToString());
    }

    [Fact]
    public void A_file_of_an_older_version_gets_a_cluster_token_that_all_who_read_it_agree_on()
    {
        File.WriteAllText(FilePath, Template.Replace("KEY", Convert.ToBase64String(new byte[32]), StringComparison.Ordinal));
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var before = SecretsFile.Load(FilePath).ClusterToken;

        var extended = SecretsFile.LoadOrCreate(_folder.FullName, TimeProvider.System);

        Assert.Equal(before, extended.ClusterToken);
        Assert.Contains(before, File.ReadAllText(FilePath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Equal(extended.SessionKeys, SecretsFile.Load(FilePath).SessionKeys);
        Assert.Single(_folder.GetFiles());
    }

    [Fact]
    public void A_missing_file_is_refused_where_it_may_not_be_made()
    {
        var error = Assert.Throws<SecretsException>(() => SecretsFile.Load(FilePath));

        Assert.Contains("does not exist", error.Message);
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public void Secrets_of_the_configuration_are_checked_like_the_files()
    {
        var (old, fresh, token) = (Convert.ToBase64String(new byte[32]), Convert.ToBase64String(Enumerable.Repeat((byte)1, 32).ToArray()), new string('t', 32));

        var secrets = SecretsFile.FromValues([fresh, old], token, token);

        Assert.Equal([1, 0], secrets.SessionKeys.Select(key => key[0]));
        Assert.Throws<SecretsException>(() => SecretsFile.FromValues([], token, token));
        Assert.Throws<SecretsException>(() => SecretsFile.FromValues(["secret!!"], token, token));
        Assert.Throws<SecretsException>(() => SecretsFile.FromValues([fresh], token, "short"));
    }

    [Fact]
    public void The_newest_key_signs_and_older_ones_still_verify()
    {
        var (old, fresh) = (Enumerable.Repeat((byte)1, 32).ToArray(), Enumerable.Repeat((byte)2, 32).ToArray());
        File.WriteAllText(FilePath, $$"""
            {"sessionKeys":[{"created":"2026-01-01T00:00:00Z","key":"{{Convert.ToBase64String(old)}}"},{"created":"2026-02-01T00:00:00Z","key":"{{Convert.ToBase64String(fresh)}}"}],
             "statusToken":"0123456789012345678901234567890123456789"}
            """);
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var keys = SecretsFile.Load(FilePath).SessionKeys;
        var session = new Session("alice", "0a", 0, long.MaxValue);

        Assert.Equal([fresh, old], keys);
        Assert.True(new SessionTokens([fresh], "s").TryVerify(new SessionTokens(keys, "s").Sign(session), out _));
        Assert.True(new SessionTokens(keys, "s").TryVerify(new SessionTokens([old], "s").Sign(session), out _));
        Assert.False(new SessionTokens([fresh], "s").TryVerify(new SessionTokens([old], "s").Sign(session), out _));
    }
}
