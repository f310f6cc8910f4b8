using System.Text;

namespace Mjolnir.Core.Text;

/// <summary>A word of a text.</summary>
/// <param name="Start">where it begins, in UTF-16 code units</param>
/// <param name="Length">how long it is there</param>
/// <param name="Folded">in small letters, without accents, at most <see cref="TextLimits.WordLetters"/> of them</param>
/// <param name="Term">what an index knows it by: the folded word without its ending</param>
public readonly record struct TextToken(int Start, int Length, string Folded, string Term);

/// <summary>
/// Takes texts apart into words: runs of letters and digits. Chinese, Japanese and Korean are written without spaces: there each two characters that stand together are a word, and the
/// last of a run is one by itself.
/// </summary>
/// <param name="language">ISO 639-1 code of the language whose endings are taken off; null: none are</param>
public sealed class TextAnalyzer(string? language)
{
    /// <summary>Languages whose endings are known.</summary>
    public static IReadOnlyList<string> Languages { get; } = ["de", "en"];

    /// <summary>The words of a text, in order.</summary>
    public List<TextToken> Tokens(string text)
    {
        var tokens = new List<TextToken>();
        for (var at = 0; at < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length);
            at = IsIdeograph(rune) ? Ideographs(text, at, tokens) : IsLetter(rune) ? Word(text, at, tokens) : at + length;
        }

        return tokens;
    }

    /// <summary>True for a character of a script that is written without spaces.</summary>
    public static bool IsIdeograph(Rune rune) => rune.Value is (>= 0x3040 and <= 0x30FF) or (>= 0x3400 and <= 0x9FFF) or (>= 0xAC00 and <= 0xD7AF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF);

    private static bool IsLetter(Rune rune) => (Rune.IsLetterOrDigit(rune) || LetterFolding.IsAccent(rune.Value)) && !IsIdeograph(rune);

    private int Word(string text, int start, List<TextToken> tokens)
    {
        var folded = new StringBuilder();
        var at = start;
        while (at < text.Length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length);
            var isJoined = rune.Value is '\'' or '\u2019' && at + 1 < text.Length && char.IsAsciiLetter(text[at + 1]);
            if (!isJoined && !IsLetter(rune))
            {
                break;
            }

            if (!isJoined && folded.Length < TextLimits.WordLetters)
            {
                LetterFolding.Append(folded, rune);
            }

            at += length;
        }

        if (folded.Length > 0)
        {
            var word = folded.ToString();
            tokens.Add(new TextToken(start, at - start, word, Stems.Of(word, language)));
        }

        return at;
    }

    private static int Ideographs(string text, int start, List<TextToken> tokens)
    {
        var (at, previous) = (start, -1);
        while (at < text.Length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length);
            if (!IsIdeograph(rune))
            {
                break;
            }

            if (previous >= 0)
            {
                Add(tokens, text, previous, at + length);
            }

            (previous, at) = (at, at + length);
        }

        Add(tokens, text, previous, at);
        return at;
    }

    private static void Add(List<TextToken> tokens, string text, int start, int end) => tokens.Add(new TextToken(start, end - start, text[start..end], text[start..end]));
}
