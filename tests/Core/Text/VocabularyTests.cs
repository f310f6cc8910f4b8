using Mjolnir.Core.Text;

namespace Mjolnir.Core.Tests.Text;

public class VocabularyTests
{
    [Theory]
    [InlineData("rabitmq", "rabbitmq", 1)]
    [InlineData("postgers", "postgres", 1)]
    [InlineData("recieve", "receive", 1)]
    [InlineData("acommodate", "accommodate", 1)]
    [InlineData("acomodate", "accommodate", 2)]
    [InlineData("abcdefgh", "badcefgh", 2)]
    [InlineData("abcd", "abcd", 0)]
    [InlineData("ca", "abc", 3)]
    [InlineData("abcdef", "uvwxyz", 3)]
    [InlineData("𝄞lef", "𝄢lef", 1)]
    public void Mistakes_are_counted_a_swap_of_neighbours_as_one(string word, string other, int expected)
    {
        Assert.Equal(expected, Vocabulary.Distance(word, other, 2));
        Assert.Equal(expected, Vocabulary.Distance(other, word, 2));
    }

    [Fact]
    public void One_mistake_is_each_single_change_and_nothing_else()
    {
        const string Letters = "abc";
        const string Word = "abcab";
        var once = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i <= Word.Length; i++)
        {
            once.UnionWith(Letters.Select(letter => Word.Insert(i, $"{letter}")));
            if (i < Word.Length)
            {
                once.Add(Word.Remove(i, 1));
                once.UnionWith(Letters.Select(letter => Word.Remove(i, 1).Insert(i, $"{letter}")));
            }

            if (i + 1 < Word.Length)
            {
                once.Add(Word[..i] + Word[i + 1] + Word[i] + Word[(i + 2)..]);
            }
        }

        once.Remove(Word);
        var words = new List<string> { "" };
        for (var length = 1; length <= 7; length++)
        {
            words.AddRange(words.Where(word => word.Length == length - 1).SelectMany(word => Letters.Select(letter => word + letter)).ToList());
        }

        Assert.Equal(once.Order(StringComparer.Ordinal), words.Where(word => Vocabulary.Distance(Word, word, 2) == 1).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("abc", 0)]
    [InlineData("abcd", 1)]
    [InlineData("abcdefg", 1)]
    [InlineData("abcdefgh", 2)]
    [InlineData("python23", 0)]
    [InlineData("東京", 0)]
    [InlineData("runnings", 1)] // its term "run" has four grams, and two mistakes could take away all
    public void The_longer_a_word_the_more_mistakes_it_may_have(string word, int expected) =>
        Assert.Equal(expected, Vocabulary.MistakesAllowed(Assert.Single(new TextAnalyzer("en").Tokens(word), token => token.Start == 0)));

    [Fact]
    public void A_word_has_an_entry_for_each_two_letters_that_stand_together()
    {
        Assert.Equal(["' a14'", "'ab14'", "'ba14'", "'ab24'", "'b 14'"], Vocabulary.Keys("abab").Select(Shown));
        Assert.All(Vocabulary.Keys("abab"), key => Assert.Equal("abab", Vocabulary.TermOf(key)));
    }

    private static string Shown(byte[] key) => $"'{System.Text.Encoding.UTF8.GetString(key.AsSpan(1, 4))}'";
}
