using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mjolnir.AppServer.Sessions;

/// <summary>The secrets file cannot be used; the message says what to do.</summary>
public sealed class SecretsException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// <c>secrets.json</c> in the data folder, mode 0600, made on first start: the keys that sign sessions (the newest signs, all verify, so a key is replaced by adding one and
/// removing the old a session's life later), the token that operators' tools show, and the token by which the processes of a cluster know each other. Never logged.
/// All servers of a cluster need the same: a copy of the file, or the same values by configuration.
/// </summary>
public sealed partial class SecretsFile
{
    /// <summary>The file's name in the data folder.</summary>
    public const string FileName = "secrets.json";

    private const int KeyBytes = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private SecretsFile(IReadOnlyList<byte[]> sessionKeys, string statusToken, string clusterToken)
    {
        SessionKeys = sessionKeys;
        StatusToken = statusToken;
        ClusterToken = clusterToken;
    }

    /// <summary>Keys that sign sessions, newest first.</summary>
    public IReadOnlyList<byte[]> SessionKeys { get; }

    /// <summary>What <c>/_mjolnir/status</c> wants as bearer token.</summary>
    public string StatusToken { get; }

    /// <summary>What <c>/_mjolnir/cluster</c> wants as bearer token, and what app servers prove to each other that they know.</summary>
    public string ClusterToken { get; }

    /// <summary>Reads the folder's secrets, or makes them if there are none; a file of an older version gets what it lacks. Throws <see cref="SecretsException"/> if others may read the file or it makes no sense.</summary>
    public static SecretsFile LoadOrCreate(string folder, TimeProvider time)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            Create(path, time);
        }

        var content = Read(path);
        var secrets = Checked(content, path);
        if (content!.ClusterToken is null)
        {
            // Kept from now on, so that it stays when the session key it was derived from goes.
            Replace(path, content with { ClusterToken = secrets.ClusterToken });
        }

        return secrets;
    }

    /// <summary>Reads a secrets file, and never makes one: a server that made its own would understand nobody else of its cluster. Throws <see cref="SecretsException"/> if it is missing, too.</summary>
    public static SecretsFile Load(string path) => Checked(Read(path), path);

    /// <summary>Secrets given by configuration (<c>Mjolnir:Secrets:SessionKeys:0</c>, <c>…:StatusToken</c>, <c>…:ClusterToken</c>).</summary>
    /// <param name="sessionKeys">in base64, at least 32 bytes each, newest first</param>
    /// <param name="statusToken">at least 32 characters</param>
    /// <param name="clusterToken">at least 32 characters</param>
    public static SecretsFile FromValues(IReadOnlyList<string> sessionKeys, string statusToken, string clusterToken)
    {
        const string Source = "The configuration's Mjolnir:Secrets";
        try
        {
            // Newest first: a second earlier each.
            var keys = sessionKeys.Select((key, i) => new SessionKey(DateTimeOffset.UnixEpoch - TimeSpan.FromSeconds(i), key)).ToList();
            return Checked(new Content(keys, statusToken, clusterToken), Source);
        }
        catch (FormatException e)
        {
            throw new SecretsException($"{Source} has a session key that is not base64.", e);
        }
    }

    private static Content? Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new SecretsException($"{path} does not exist. All servers of a cluster need the same secrets: copy the file of the first server there.");
        }

        RequirePrivate(path);
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), ContentJson.Default.Content);
        }
        catch (JsonException e)
        {
            throw new SecretsException($"{path} is not readable as JSON. Restore it, or remove it to sign everybody out and begin anew.", e);
        }
    }

    private static SecretsFile Checked(Content? content, string path)
    {
        try
        {
            return CheckedKeys(content, path);
        }
        catch (FormatException e)
        {
            throw new SecretsException($"{path} has a session key that is not base64. Restore it, or remove it to sign everybody out and begin anew.", e);
        }
    }

    private static SecretsFile CheckedKeys(Content? content, string path)
    {
        if (content?.SessionKeys is not { Count: > 0 } keys || content.StatusToken is not { Length: >= KeyBytes } token)
        {
            throw new SecretsException($"{path} lacks sessionKeys or a statusToken of at least {KeyBytes} characters. Restore it, or remove it to sign everybody out and begin anew.");
        }

        var bytes = keys.OrderByDescending(key => key.Created).Select(key => Convert.FromBase64String(key.Key)).ToList();
        if (bytes.Exists(key => key.Length < KeyBytes))
        {
            throw new SecretsException($"{path} has a session key shorter than {KeyBytes} bytes.");
        }

        var clusterToken = content.ClusterToken ?? Derived(bytes[^1]);
        return clusterToken.Length >= KeyBytes
            ? new SecretsFile(bytes, token, clusterToken)
            : throw new SecretsException($"{path} has a clusterToken shorter than {KeyBytes} characters.");
    }

    /// <summary>For files older than the cluster token: whoever has the file gets the same, so servers that start together agree without a lock.</summary>
    private static string Derived(byte[] oldestKey) => Convert.ToHexStringLower(HMACSHA256.HashData(oldestKey, "mjolnir cluster token"u8));

    private static void RequirePrivate(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
        {
            throw new SecretsException($"{path} can be read or written by other users of this machine. Run: chmod 600 {path}");
        }
    }

    /// <summary>Written aside and linked into place, so that nobody ever sees half a file; who comes second reads the first one's.</summary>
    private static void Create(string path, TimeProvider time)
    {
        var content = new Content(
            [new SessionKey(time.GetUtcNow(), Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes)))],
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(KeyBytes)),
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(KeyBytes)));
        var aside = WriteAside(path, content);
        try
        {
            File.Move(aside, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(aside);
        }
    }

    private static void Replace(string path, Content content) => File.Move(WriteAside(path, content), path, overwrite: true);

    private static string WriteAside(string path, Content content)
    {
        var aside = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}.new";
        WriteDurably(aside, JsonSerializer.SerializeToUtf8Bytes(content, ContentJson.Default.Content));
        return aside;
    }

    private static void WriteDurably(string path, byte[] content)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    internal sealed record SessionKey(DateTimeOffset Created, string Key);

    internal sealed record Content(IReadOnlyList<SessionKey> SessionKeys, string StatusToken, string? ClusterToken);

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
    [JsonSerializable(typeof(Content))]
    internal sealed partial class ContentJson : JsonSerializerContext;
}
