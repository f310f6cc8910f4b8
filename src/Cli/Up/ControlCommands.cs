namespace Mjolnir.Cli.Up;

/// <summary>Runs what comes over the control socket.</summary>
internal sealed class ControlCommands(UpCluster cluster, Scaling scaling)
{
    public Task RunAsync(ControlCommand command, Action<string> progress, CancellationToken cancellationToken)
    {
        switch (command.Do)
        {
            case "scale":
                // Who asked may go away (Ctrl-C there): what was begun is brought to its end, or half a V-stack would be left.
                return scaling.ToAsync(command.Stacks, Telling(progress), cancellationToken);
            case "processes":
                foreach (var status in cluster.Services.Select(service => service.Status))
                {
                    progress($"{status.Name}: {status.State.ToString().ToLowerInvariant()}, process {string.Join(' ', status.ProcessIds)}, {status.Restarts} restarts");
                }

                return Task.CompletedTask;
            default:
                throw new FailureException($"'{command.Do}' is no command; there are scale and processes");
        }
    }

    private static Action<string> Telling(Action<string> progress) => text =>
    {
        try
        {
            progress(text);
        }
        catch (IOException)
        {
            // Nobody listens any more.
        }
    };
}
