using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Bench;

public class Bank_bench
{
    [Theory]
    [InlineData("0")]
    [InlineData("1.5")]
    public async Task Drives_the_real_server_and_finds_the_money_right(string skew)
    {
        using var folder = new TestFolder();
        var report = folder.At("report.html");

        var (code, output) = await MjolnirProcess.RunAsync(
            "bench", "bank", "--users", "500", "--seconds", "2", "--clients", "16", "--skew", skew, "--stacks", "2", "--report", report);

        Assert.True(code == 0, output);
        Assert.Contains("the server says", output);
        Assert.Contains("the store holds", output);
        Assert.Matches(@"ran beside their rows +(9[0-9]|100)\.[0-9] ?%", output);
        Assert.DoesNotContain("WRONG", output);
        var html = await File.ReadAllTextAsync(report);
        Assert.Contains("<svg", html);
        Assert.DoesNotContain("http://", html.Replace("http://127.0.0.1", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_HTTP_the_money_is_as_right()
    {
        var (code, output) = await MjolnirProcess.RunAsync("bench", "bank", "--users", "200", "--seconds", "1", "--clients", "8", "--in-process", "--skew", "1");

        Assert.True(code == 0, output);
        Assert.DoesNotContain("WRONG", output);
    }
}
