using Mjolnir.Cli.Up;

namespace Mjolnir.Cli.Tests.Up;

/// <summary>What the runtime of each child process of <c>up</c> is told.</summary>
public sealed class Child_processes
{
    [Theory]
    [InlineData("app", "DOTNET_GCgen0size=0x800000")]
    [InlineData("proxy", "DOTNET_GCgen0size=0x800000")]
    [InlineData("indexer", "DOTNET_GCgen0size=0x800000")]
    [InlineData("write-behind", "DOTNET_GCgen0size=0x800000 DOTNET_TieredPGO=0")]
    public void Are_told_how_often_to_collect_and_a_worker_to_compile_once(string role, string told)
    {
        var expected = told.Split(' ').Where(static setting => Environment.GetEnvironmentVariable(setting.Split('=')[0]) is null);
        Assert.Equal(expected, OwnProgram.Role(role, "stack.json").Environment.Select(static setting => $"{setting.Key}={setting.Value}").Order());
    }
}
