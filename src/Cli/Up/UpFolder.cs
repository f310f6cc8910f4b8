using System.Text.Json;
using System.Text.Json.Serialization;
using Mjolnir.Cli.Configuration;

namespace Mjolnir.Cli.Up;

/// <summary>What lies where in the data folder of <c>up</c>. Files with credentials are readable only by their owner.</summary>
internal sealed class UpFolder(string root)
{
    public const string LockFile = "up.lock";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    public string Root => root;

    /// <summary>Makes the folder if there is none, for its owner alone: what lies in it are credentials, data and logs.</summary>
    public void Create()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(root);
        }
        else
        {
            Directory.CreateDirectory(root, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    public string Secrets => Path.Combine(root, "secrets");

    public string RabbitMq => Path.Combine(root, "rabbitmq");

    public string Ceph => Path.Combine(root, "s3");

    public string ControlSocket => Path.Combine(root, "control.sock");

    private string DeploymentFile => Path.Combine(root, "deployment.json");

    /// <summary>A process's own folder.</summary>
    public string Of(string process) => Path.Combine(root, process.Replace(' ', '-'));

    public string LogFile(string process) => Path.Combine(root, "logs", process.Replace(' ', '-') + ".log");

    /// <summary>Writes what a process is told, and returns the file.</summary>
    public string Write(string process, StackConfiguration configuration)
    {
        var file = Path.Combine(Of(process), ConfigurationSources.UsualFile);
        WritePrivate(file, configuration);
        return file;
    }

    public void WriteDeployment(Deployment deployment) => WritePrivate(DeploymentFile, deployment);

    public void RemoveDeployment() => File.Delete(DeploymentFile);

    /// <summary>What runs on this folder; null if nothing does (or it was killed: then nobody answers there).</summary>
    public Deployment? ReadDeployment() =>
        File.Exists(DeploymentFile) ? JsonSerializer.Deserialize<Deployment>(File.ReadAllBytes(DeploymentFile), Json) : null;

    /// <summary>Written aside and renamed: nobody ever reads half a file.</summary>
    private static void WritePrivate<T>(string file, T content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var aside = file + ".new";
        File.Delete(aside);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var stream = new FileStream(aside, options))
        {
            JsonSerializer.Serialize(stream, content, Json);
        }

        File.Move(aside, file, overwrite: true);
    }
}

/// <summary>What runs on a data folder, for <c>status</c>.</summary>
/// <param name="Application">its name</param>
/// <param name="Url">the proxy</param>
/// <param name="Secrets">folder of secrets.json</param>
/// <param name="Stacks">the V-stacks</param>
internal sealed record Deployment(string Application, string Url, string Secrets, IReadOnlyList<DeployedStack> Stacks);

/// <summary>One V-stack of a deployment.</summary>
/// <param name="Name">its name</param>
/// <param name="Server">URL of its app server</param>
/// <param name="Worker">URL at which its write-behind process tells its status</param>
internal sealed record DeployedStack(string Name, string Server, string Worker);
