using System.Text;
using Mjolnir.AppServer.Sessions;

namespace Mjolnir.Cli;

/// <summary>What lies where in a data folder. One process uses it at a time.</summary>
internal static class DataFolder
{
    /// <summary>The URL of the server that uses this folder now: written when it listens, removed when it stops.</summary>
    private const string AddressFile = "address";

    public static string Store(string data) => Path.Combine(data, "store");

    public static string Logs(string data) => Path.Combine(data, "logs");

    /// <summary>What <c>/_mjolnir/status</c> wants to see; readable only by whom the folder belongs to.</summary>
    public static string StatusToken(string data) => SecretsFile.Load(Path.Combine(data, SecretsFile.FileName)).StatusToken;

    public static void WriteAddress(string data, Uri url) => File.WriteAllText(Path.Combine(data, AddressFile), url.ToString(), Encoding.ASCII);

    public static void RemoveAddress(string data) => File.Delete(Path.Combine(data, AddressFile));

    /// <summary>Where the server of this folder listens; null if none does (or it was killed: then nobody answers there).</summary>
    public static Uri? ReadAddress(string data)
    {
        var file = Path.Combine(data, AddressFile);
        return File.Exists(file) && Uri.TryCreate(File.ReadAllText(file).Trim(), UriKind.Absolute, out var url) ? url : null;
    }
}
