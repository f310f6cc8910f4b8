using System.Text.RegularExpressions;

namespace Mjolnir.Scripting.Jint.Strings;

/// <summary>A regular expression's pattern and flags, translated to the platform's dialect. Immutable and shared by all realms.</summary>
internal sealed class Pattern
{
    /// <summary>Longest pattern accepted: translation and the platform's parser are linear in it, its optimiser is not.</summary>
    private const int MaxLength = 5_000;

    private Pattern(string source, string flags, TimeSpan timeout)
    {
        Source = source;
        Flags = flags;
        var translation = PatternTranslator.Translate(source, Multiline);
        Groups = translation.Groups;
        Loops = translation.Loops;
        var options = RegexOptions.CultureInvariant | (IgnoreCase ? RegexOptions.IgnoreCase : RegexOptions.None);
        Regex = new Regex(translation.Text, options, timeout);
    }

    public string Source { get; }

    public string Flags { get; }

    public Regex Regex { get; }

    public bool Global => Flags.Contains('g');

    public bool IgnoreCase => Flags.Contains('i');

    public bool Multiline => Flags.Contains('m');

    /// <summary>Number of capturing groups.</summary>
    public int Groups { get; }

    /// <summary>Per capturing group the hidden groups of the loops around it: a capture outside the last turn of one is forgotten, as the language says.</summary>
    public IReadOnlyList<int[]> Loops { get; }

    /// <summary>Makes a pattern; the message says what is wrong with it if it is null.</summary>
    public static Pattern? TryCreate(string source, string flags, TimeSpan timeout, out string? mistake)
    {
        mistake = null;
        if (flags.Any(c => c is not ('g' or 'i' or 'm')) || flags.Distinct().Count() != flags.Length)
        {
            mistake = $"Invalid regular expression flags '{flags}'";
            return null;
        }

        if (source.Length > MaxLength)
        {
            mistake = $"Invalid regular expression: longer than {MaxLength} characters";
            return null;
        }

        try
        {
            return new Pattern(source, flags, timeout);
        }
        catch (ArgumentException e)
        {
            mistake = $"Invalid regular expression: /{source}/: {e.Message}";
            return null;
        }
    }

    /// <summary>The text of a group in a match, or null if it took no part in the last turn of the loops around it.</summary>
    public string? Capture(Match match, int group)
    {
        var captures = match.Groups[group].Captures;
        var last = captures.Count - 1;
        foreach (var loop in Loops[group])
        {
            var turns = match.Groups[loop].Captures;
            var turn = turns.Count - 1;

            if (turn < 0 || last < 0 || captures[last].Index < turns[turn].Index || captures[last].Index + captures[last].Length > turns[turn].Index + turns[turn].Length)
            {
                return null;
            }
        }

        return last < 0 ? null : captures[last].Value;
    }
}
