namespace Mjolnir.Core.Text;

/// <summary>Sizes of text search. Entries of indexes rest on the first five.</summary>
public static class TextLimits
{
    /// <summary>Letters of a word that count: no language's words are longer, but what is pasted into texts is.</summary>
    public const int WordLetters = 40;

    /// <summary>Different words of a row that can be found, the first of each field: each is an entry that is written with the row.</summary>
    public const int WordsOfRow = 1_000;

    /// <summary>Bytes of these words together: the tree of rows holds them beside the row, and a page has 65,000.</summary>
    public const int BytesOfRow = 16_000;

    /// <summary>Words of a row whose places are known, so that phrases are found among them: two bytes each at most.</summary>
    public const int PlacesOfRow = 3_000;

    /// <summary>Places between two fields: so many that words of two fields are not near each other, and no phrase goes over both.</summary>
    public const int BetweenFields = 16;

    /// <summary>Places from one word to another up to which they are near each other: about a clause.</summary>
    public const int Near = 8;

    /// <summary>Words of a question that count; people write three.</summary>
    public const int WordsOfQuestion = 16;

    /// <summary>Words that the beginning of one may stand for: the most frequent of those that are looked at.</summary>
    public const int Completions = 50;

    /// <summary>Words that begin like a question's last one and are looked at.</summary>
    public const int CompletionsSeen = 2_000;

    /// <summary>Rows with a word, or with one that it may be the beginning of, from which on nobody looks for words like it: it is no mistake then. The same of rows with all words.</summary>
    public const int FewRows = 5;

    /// <summary>Words that a mistyped one may stand for: the nearest, of these the most frequent.</summary>
    public const int Similar = 20;

    /// <summary>Words within the distance whose rows are counted: the nearest, of these the first in the alphabet.</summary>
    public const int SimilarCounted = 200;

    /// <summary>Entries of n-grams looked at for a mistyped word, the rarest grams first: some ten milliseconds.</summary>
    public const int SimilarSeen = 20_000;

    /// <summary>Rows with the rarest word of a question that are ranked: some tens of milliseconds. Of more than these, the first by primary key.</summary>
    public const int Ranked = 20_000;

    /// <summary>Characters of a text shown around the first word that was found.</summary>
    public const int Shown = 200;
}
