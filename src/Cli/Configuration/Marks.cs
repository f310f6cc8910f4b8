namespace Mjolnir.Cli.Configuration;

/// <summary>A path: one from a file is taken from that file's folder, any other from the working directory.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class FilePathAttribute : Attribute;

/// <summary>Never shown, in no message.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretAttribute : Attribute;

internal static class Redacted
{
    /// <summary>The URL without user and password.</summary>
    public static string Url(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? new UriBuilder(parsed) { UserName = "", Password = "" }.Uri.ToString() : "(no URL)";
}
