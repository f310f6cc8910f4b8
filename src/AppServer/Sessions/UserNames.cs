using System.Globalization;
using Mjolnir.Core.Keys;

namespace Mjolnir.AppServer.Sessions;

/// <summary>What may be a user's name and password (docs/design/pages.md).</summary>
internal static class UserNames
{
    /// <summary>Table of users' records; no application can name it.</summary>
    public const string Table = "_users";

    /// <summary>Null if the name is good, else what is wrong with it.</summary>
    public static string? Fault(string user) => user switch
    {
        "" => "A user name is needed.",
        { Length: > AppServerLimits.UserNameCharacters } => $"A user name has at most {AppServerLimits.UserNameCharacters} characters.",
        ['_', ..] => "A user name does not begin with an underscore.",
        _ when user.Any(char.IsControl) => "A user name has no control characters.",
        _ when !IsWellFormed(user) => "The user name is not valid Unicode.",
        _ => null,
    };

    /// <summary>
    /// Null if the name is good for a new user. Names that cannot be told from another by looking at them are refused: blanks at an end, characters that take no room or turn the direction of
    /// writing round, blanks of odd kinds. (Letters of other scripts that look alike are not found; whoever had such a name before still signs in.)
    /// </summary>
    public static string? NewFault(string user) => Fault(user) switch
    {
        { } fault => fault,
        _ when char.IsWhiteSpace(user[0]) || char.IsWhiteSpace(user[^1]) => "A user name does not begin or end with a blank.",
        _ when user.EnumerateRunes().Any(IsUnseen) => "A user name has no characters that cannot be seen.",
        _ => null,
    };

    /// <summary>Null if the password is good for a new user, else what is wrong with it.</summary>
    public static string? PasswordFault(string password) => password.Length switch
    {
        < AppServerLimits.PasswordCharactersLeast => $"A password has at least {AppServerLimits.PasswordCharactersLeast} characters.",
        > AppServerLimits.PasswordCharactersMost => $"A password has at most {AppServerLimits.PasswordCharactersMost} characters.",
        _ => null,
    };

    /// <summary>The key of a user's record; false if the name is too long in UTF-8.</summary>
    public static bool TryKey(string app, string user, out RowKey key) => RowKey.TryCreate(app, Table, user, out key);

    private static bool IsUnseen(System.Text.Rune rune) => System.Text.Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => true,
        UnicodeCategory.SpaceSeparator => rune.Value != ' ',
        _ => false,
    };

    private static bool IsWellFormed(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune == System.Text.Rune.ReplacementChar && !text.Contains('\uFFFD', StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }
}
