using System.CommandLine;
using Mjolnir.AppServer.Sessions;

namespace Mjolnir.Cli.Verbs;

/// <summary><c>secrets FOLDER</c>: makes what all processes of a cluster share. Shows nothing of it.</summary>
internal static class SecretsVerb
{
    public static Command Create()
    {
        var folder = new Argument<string>("FOLDER") { Description = "The folder that Secrets:Folder names; made if there is none." };
        var command = new Command("secrets", $"Make the {SecretsFile.FileName} of a cluster: session keys and operators' tokens, to copy to each of its machines.") { folder };
        command.SetAction(parsed => Run(Path.GetFullPath(parsed.GetRequiredValue(folder))));
        return command;
    }

    private static int Run(string folder)
    {
        var file = Path.Combine(folder, SecretsFile.FileName);
        var isNew = !File.Exists(file);
        try
        {
            SecretsFile.LoadOrCreate(folder, TimeProvider.System);
        }
        catch (SecretsException fault)
        {
            throw new FailureException(fault.Message, null, fault);
        }

        Console.Out.WriteLine(isNew ? $"Made {file}. Copy it (mode 0600) to every machine of the cluster, and keep a copy." : $"{file} was there already and can be used.");
        return ExitCodes.Ok;
    }
}
