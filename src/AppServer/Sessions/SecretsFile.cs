using System.Security.Cryptography;
using System.Text.Json;

namespace Mjolnir.AppServer.Sessions;

/// <summary>The secrets file cannot be used; the message says what to do.</summary>
public sealed class SecretsException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// <c>secrets.json</c> in the data folder, mode 0600, made on first start: the keys that sign sessions (the newest signs, all verify, so a key is replaced by adding one and
/// removing the old a session's life later) and the token that operators' tools show. Never logged.
/// </summary>
public sealed class SecretsFile
{
    /// <summary>The file's name in the data folder.</summary>
    public const string FileName = "secrets.json";

    private const int KeyBytes = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private SecretsFile(IReadOnlyList<byte[]> sessionKeys, string statusToken)
    {
        SessionKeys = sessionKeys;
        StatusToken = statusToken;
    }

    /// <summary>Keys that sign sessions, newest first.</summary>
    public IReadOnlyList<byte[]> SessionKeys { get; }

    /// <summary>What <c>/_mjolnir/status</c> wants as bearer token.</summary>
    public string StatusToken { get; }

    /// <summary>Reads the folder's secrets, or makes them if there are none. Throws <see cref="SecretsException"/> if others may read the file or it makes no sense.</summary>
    public static SecretsFile LoadOrCreate(string folder, TimeProvider time)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            Create(path, time);
        }

        return Load(path);
    }

    /// <summary>Reads the secrets of a folder that has some.</summary>
    public static SecretsFile Load(string path)
    {
        RequirePrivate(path);
        try
        {
            var content = JsonSerializer.Deserialize<Content>(File.ReadAllBytes(path), Json);
            return Checked(content, path);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new SecretsException($"{path} is not readable as JSON with keys in base64. Restore it, or remove it to sign everybody out and begin anew.", e);
        }
    }

    private static SecretsFile Checked(Content? content, string path)
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

        return new SecretsFile(bytes, token);
    }

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
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(KeyBytes)));
        var aside = $"{path}.{Environment.ProcessId}.new";
        WriteDurably(aside, JsonSerializer.SerializeToUtf8Bytes(content, Json));
        try
        {
            File.Move(aside, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(aside);
        }
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

    private sealed record SessionKey(DateTimeOffset Created, string Key);

    private sealed record Content(IReadOnlyList<SessionKey> SessionKeys, string StatusToken);
}
