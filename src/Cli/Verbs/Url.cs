using System.CommandLine.Parsing;

namespace Mjolnir.Cli.Verbs;

internal static class Url
{
    /// <summary>An absolute http URL, for options that name a server.</summary>
    public static Uri? Parse(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps))
        {
            return url;
        }

        result.AddError($"'{text}' is no URL; it looks like http://127.0.0.1:8080");
        return null;
    }
}
