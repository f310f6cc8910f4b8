using Mjolnir.AppServer.Http.Files;
using Mjolnir.AppServer.Sessions;

namespace Mjolnir.AppServer.Http;

/// <summary>The files every application has: the browser's half and the sign-in page.</summary>
internal sealed class BuiltInFiles
{
    public const string ScriptPath = "/_mjolnir/mjolnir.js";

    private readonly string? _versioned;

    public BuiltInFiles()
    {
        SignIn = new SignInPage();
        if (SignInPage.Read("mjolnir.js") is { } script)
        {
            Script = new ServedFile(ScriptPath, script, "text/javascript; charset=utf-8");
            _versioned = $"{ScriptPath}?v={Script.ContentHash}";
        }
    }

    public SignInPage SignIn { get; }

    /// <summary>mjolnir.js; null in a build without it.</summary>
    public ServedFile? Script { get; }

    public IEnumerable<ServedFile> All => Script is null ? [SignIn.File] : [SignIn.File, Script];

    /// <summary>Asked for by its hash, the script may be kept for ever.</summary>
    public bool IsVersioned(string target) => string.Equals(target, _versioned, StringComparison.Ordinal);
}
