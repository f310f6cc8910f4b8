using System.CommandLine;
using Mjolnir.Cli.Up;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>scale N</c>: more or fewer V-stacks of a running <c>up</c>.</summary>
internal static class ScaleVerb
{
    public static Command Create()
    {
        var stacks = new Argument<int>("N") { Description = "How many V-stacks there shall be." };
        var data = new Option<string?>("--data") { Description = $"The data folder of 'up', or the application's. Usual: {UpPlaces.Usual} in the working directory." };
        stacks.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > CliLimits.MaxStacks)
            {
                result.AddError($"N must be from 1 to {CliLimits.MaxStacks}.");
            }
        });
        var command = new Command("scale", "Add or remove V-stacks of a running 'up', under load.") { stacks, data };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await ControlClient.AskAsync(UpPlaces.Find(parsed.GetValue(data)), new ControlCommand("scale", parsed.GetValue(stacks)), Console.Out.WriteLine, cancellationToken);
            return ExitCodes.Ok;
        });
        return command;
    }
}
