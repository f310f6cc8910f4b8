using System.Buffers;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Text;

namespace Mjolnir.Core.Tests.Text;

public class TextAnalyzerTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData(" ,.! ", "")]
    [InlineData("Hello, World!", "hello world")]
    [InlineData("X11-apps 2.0", "x11 apps 2 0")]
    [InlineData("Crème brûlée, cre\u0300me", "creme brulee creme")]
    [InlineData("Straße ÅRHUS Œuvre", "strasse arhus oeuvre")]
    [InlineData("don't rock’n’roll 'quoted'", "dont rocknroll quoted")]
    [InlineData("Пушкин ЁЛКА Ελλάδα", "пушкин елка ελλάδα")]
    [InlineData("東京都 is 京", "東京 京都 都 is 京")]
    [InlineData("abc漢字def", "abc 漢字 字 def")]
    [InlineData("\ud800x \ud83d\ude00", "x")]
    public void A_text_is_taken_apart_into_folded_words(string text, string words) => Assert.Equal(words, Terms(text, null));

    [Fact]
    public void A_word_tells_where_it_stands()
    {
        const string Text = "  Das große 東京都!";

        Assert.Equal(["Das", "große", "東京", "京都", "都"], new TextAnalyzer(null).Tokens(Text).Select(token => Text.Substring(token.Start, token.Length)));
    }

    [Fact]
    public void A_word_counts_as_far_as_words_go() => Assert.Equal(new string('x', TextLimits.WordLetters), Terms(new string('x', 500), null));

    [Theory]
    [InlineData("en", "library libraries")]
    [InlineData("en", "file files filing filed")]
    [InlineData("en", "viewer viewers")]
    [InlineData("en", "box boxes")]
    [InlineData("en", "class classes")]
    [InlineData("en", "run runs running")]
    [InlineData("en", "install installs installed installing")]
    [InlineData("de", "Kind Kinder Kindern Kindes")]
    [InlineData("de", "Katze Katzen")]
    [InlineData("de", "Häuser Häusern hauser")]
    public void Words_that_belong_together_have_one_term(string language, string words) => Assert.Single(Terms(words, language).Split(' ').Distinct());

    [Theory]
    [InlineData("en", "this bus gas king red bed need analysis")]
    [InlineData(null, "libraries running files")]
    [InlineData("de", "es er See Uhr")]
    public void What_only_looks_like_an_ending_stays(string? language, string words) => Assert.Equal(words.ToLowerInvariant(), Terms(words, language));

    [Fact]
    public void The_last_word_of_a_question_is_a_beginning_until_something_stands_behind_it()
    {
        var analyzer = new TextAnalyzer("en");

        Assert.Equal([new("pdf", null), new("view", "view")], SearchText.Of(analyzer, "pdf view").Words);
        Assert.Equal([new("pdf", null), new("view", null)], SearchText.Of(analyzer, "PDF viewing ").Words);
        Assert.Equal([new("京", "京")], SearchText.Of(analyzer, "京").Words);
        Assert.Empty(SearchText.Of(analyzer, " - ").Words);
        Assert.Equal(TextLimits.WordsOfQuestion, SearchText.Of(analyzer, string.Join(' ', Enumerable.Range(0, 100))).Words.Count);
    }

    [Fact]
    public void What_is_kept_of_a_row_reads_back_and_has_a_limit()
    {
        var analyzer = new TextAnalyzer(null);
        var declared = new SearchDeclaration([new SearchField("title", 2.5), new SearchField("text", 1), new SearchField("other", 1)], null, false);
        var many = string.Join(' ', Enumerable.Range(0, 5_000).Select(i => $"word{i}"));
        var row = RowText.Of(analyzer, declared, [IndexValue.Of("big Big house"), IndexValue.Of("a house " + many), IndexValue.Of(7)], IndexValue.Of(7));
        var bytes = new ArrayBufferWriter<byte>();
        row.Append(bytes);
        var back = RowText.Read(bytes.WrittenSpan);

        Assert.Equal(new RowShape(5_005, 0, 3, 12), row.Shape);
        Assert.Equal(row.Shape, back.Shape);
        Assert.Equal(row.Terms.Select(Shown), back.Terms.Select(Shown));
        Assert.Equal([0, 1], back.Terms.Single(term => term.Term == "big").Places);
        Assert.Equal([2, 3 + TextLimits.BetweenFields + 1], back.Terms.Single(term => term.Term == "house").Places);
        Assert.Equal(TextLimits.WordsOfRow + 2, back.Terms.Sum(term => term.Places.Count));
        Assert.Equal((TextLimits.WordsOfRow, 4 * 5.0, 4 * 3.5), (back.Terms.Count, back.MatchOf(new SearchWord("big", null), new WordPlaces()).Weight, back.MatchOf(new SearchWord("house", null), new WordPlaces()).Weight));
        Assert.InRange(bytes.WrittenCount, 1, TextLimits.BytesOfRow + (8 * (TextLimits.WordsOfRow + 1)) + (2 * TextLimits.PlacesOfRow));
    }

    [Theory]
    [InlineData("A pdf viewer", "pdf", "A <mark>pdf</mark> viewer")]
    [InlineData("<b>Tom & \"Jerry\"</b>", "jerry", "&lt;b&gt;Tom &amp; &quot;<mark>Jerry</mark>&quot;&lt;/b&gt;")]
    [InlineData("東京都", "東京都 ", "<mark>東京</mark><mark>都</mark>")]
    [InlineData("nothing here", "pdf", null)]
    public void Words_found_are_marked(string text, string asked, string? expected)
    {
        var analyzer = new TextAnalyzer(null);

        Assert.Equal(expected, TextHighlight.Of(analyzer, SearchText.Of(analyzer, asked).Words, text));
    }

    [Fact]
    public void Of_a_long_text_the_part_around_the_first_word_is_shown()
    {
        var analyzer = new TextAnalyzer(null);
        var text = string.Concat(Enumerable.Repeat("lorem ipsum ", 50)) + "needle" + string.Concat(Enumerable.Repeat(" dolor 𝄞", 50));

        var shown = TextHighlight.Of(analyzer, SearchText.Of(analyzer, "needle").Words, text)!;

        Assert.Contains("<mark>needle</mark>", shown, StringComparison.Ordinal);
        Assert.StartsWith("…", shown, StringComparison.Ordinal);
        Assert.EndsWith("…", shown, StringComparison.Ordinal);
        Assert.InRange(shown.Length, 150, TextLimits.Shown + 20);
        Assert.DoesNotContain('\uFFFD', System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(shown)));
    }

    [Fact]
    public void Places_are_known_as_far_as_they_are_kept()
    {
        var declared = new SearchDeclaration([new SearchField("text", 1)], null, false);
        var row = RowText.Of(new TextAnalyzer(null), declared, [IndexValue.Of(string.Join(' ', Enumerable.Repeat("same", TextLimits.PlacesOfRow + 10)))]);

        Assert.Equal((TextLimits.PlacesOfRow + 10, TextLimits.PlacesOfRow), ((int)row.MatchOf(new SearchWord("same", null), new WordPlaces()).Weight / 4, row.Terms[0].Places.Count));
    }

    [Theory]
    [InlineData("\"old house\"", "an old house", true)]
    [InlineData("\"old house\"", "old, the house", false)]
    [InlineData("\"old house\"", "house old", false)]
    [InlineData("\"old house\"", "house old houses", true)]
    [InlineData("\"the the\"", "the other", false)]
    [InlineData("\"the the\"", "other the The", true)]
    [InlineData("„old house“ garden", "garden of an old house", true)]
    [InlineData("\"old ho", "old house", true)]
    [InlineData("\"old ho\"", "old house", false)]
    [InlineData("\"a b\" \"c d\"", "c d a b", true)]
    [InlineData("\"a b\" \"c d\"", "a b d c", false)]
    [InlineData("\"東京都\"", "東京都庁", true)]
    [InlineData("\"東京都\"", "京都東京 都", false)]
    [InlineData("\"house\"", "old house", true)]
    public void Words_in_quotes_stand_next_to_each_other(string asked, string text, bool expected)
    {
        var analyzer = new TextAnalyzer("en");
        var declared = new SearchDeclaration([new SearchField("title", 1), new SearchField("text", 1)], "en", false);
        var looked = SearchText.Of(analyzer, asked, isFuzzy: true);
        var row = RowText.Of(analyzer, declared, [IndexValue.Null, IndexValue.Of(text)]);

        Assert.Equal(expected, looked.Words.All(word => row.MatchOf(word, new WordPlaces()).IsFound) && looked.Phrases.All(phrase => Has(row, phrase, looked.Words)));
        Assert.False(Has(RowText.Of(analyzer, declared, [IndexValue.Of("an old"), IndexValue.Of("house")]), new SearchPhrase([0, 1]), [new("old", null), new("hous", null)]));
    }

    private static bool Has(RowText row, SearchPhrase phrase, IReadOnlyList<SearchWord> words)
    {
        var places = new WordPlaces();
        return phrase.IsIn([.. words.Select(word => row.MatchOf(word, places))], places);
    }

    private static string Shown(RowTerm term) => $"{term.Term} {term.Weight} {string.Join(',', term.Places)}";

    private static string Terms(string text, string? language) => string.Join(' ', new TextAnalyzer(language).Tokens(text).Select(token => token.Term));
}
