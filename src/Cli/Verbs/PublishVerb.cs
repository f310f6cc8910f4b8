using System.CommandLine;
using System.Runtime.InteropServices;
using Mjolnir.Cli.Dev;
using Mjolnir.Cli.Publish;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>publish</c>: one folder per platform that runs without SDK and runtime.</summary>
internal static class PublishVerb
{
    public static Command Create()
    {
        var platform = new Option<string[]>("--runtime")
        {
            Description = "Platforms: linux-x64, linux-arm64, osx-arm64, win-x64 … Usual: this one.",
            DefaultValueFactory = _ => [RuntimeInformation.RuntimeIdentifier],
        };
        var target = new Option<string?>("--out") { Description = "The folder; each platform gets one inside. Usual: out/publish in the checkout." };
        var command = new Command("publish", "Make self-contained folders of Mjolnir itself, from a checkout, to copy to servers.") { platform, target };
        command.SetAction((parsed, _) => RunAsync(parsed.GetRequiredValue(platform), parsed.GetValue(target)));
        return command;
    }

    private static async Task<int> RunAsync(string[] platforms, string? target)
    {
        var checkout = Checkout.Root() ?? throw new FailureException("this program was published itself: it has no sources to build", "Run ./mjolnir publish in a checkout.");
        var folder = Path.GetFullPath(target ?? Path.Combine(checkout, "out", "publish"));
        Directory.CreateDirectory(folder);
        using var stop = new StopSignal();
        var publisher = new Publisher(checkout, Console.Out);
        foreach (var platform in platforms)
        {
            await publisher.RunAsync(platform, Path.Combine(folder, platform), stop.Token);
        }

        return ExitCodes.Ok;
    }
}
