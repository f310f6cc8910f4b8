using Mjolnir.AppServer.Sessions;
using Mjolnir.Cli.Configuration;

namespace Mjolnir.Cli.Roles;

/// <summary>The secrets that all processes of a cluster share. A process never makes its own: it would understand nobody else.</summary>
internal static class ClusterSecrets
{
    public static SecretsFile Load(SecretsSection secrets) => Load(secrets.Folder);

    public static SecretsFile Load(string folder)
    {
        try
        {
            return SecretsFile.Load(Path.Combine(folder, SecretsFile.FileName));
        }
        catch (SecretsException fault)
        {
            throw new FailureException(fault.Message, $"All processes of a cluster share one {SecretsFile.FileName}: copy it from a server that has it, or make one with mjolnir secrets {folder}.", fault);
        }
    }
}
