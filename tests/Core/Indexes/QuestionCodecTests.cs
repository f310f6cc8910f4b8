using System.Reflection;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Indexes;
using Mjolnir.Core.Indexes.Queries;
using Mjolnir.Core.Text;

namespace Mjolnir.Core.Tests.Indexes;

/// <summary>Questions and answers between processes.</summary>
public sealed class QuestionCodecTests
{
    private static readonly TreeShape Shape = new([new("city", IndexedKind.Text), new("day", IndexedKind.Number, true)], new IndexColumn("price", IndexedKind.Number, true), 2);
    private static readonly Stamp[] Wanted = [new("s1.7", 300), new("s2.1", 0)];

    private static IReadOnlyList<IndexQuestion> Questions =>
    [
        new("events", "events", ulong.MaxValue, 3, Shape, QueryWalk.Top, KeyRange.Between(new byte[] { 1, 0, 255 }, [9]), true) { After = [0, 1, 2], Limit = 1_004, Skip = 1L << 40, Depth = 2, GroupSums = 3, Words = [new("jazz", "ja") { Mistakes = 2 }, new("日本", null)], Phrases = [new([0, 1, 0]), new([1, 1])], Filters = [new(1, Shape, [1, 9]), new(0, Shape with { Order = null }, [])], Kept = [new("city", IndexedKind.Text), new("day", IndexedKind.Number)], Within = [new(1, KeyRange.Of(new byte[] { 1, 2 })), new(0, KeyRange.All)], By = [1, 0] },
        new("ä", "日本", 0, 0, Shape with { Order = null, Sums = 0, Columns = [] }, QueryWalk.Forward, KeyRange.All, false),
    ];

    [Fact]
    public void Questions_come_out_as_they_went_in_with_every_property()
    {
        foreach (var question in Questions)
        {
            var (decoded, wanted) = QuestionCodec.Decode(QuestionCodec.Encode(question, Wanted));

            Assert.Equal(question, decoded);
            Assert.Equal(Wanted, wanted);
            RequireSame(question, decoded);
        }

        // A property that is the same in both would not tell that it is left out.
        foreach (var property in Properties(typeof(IndexQuestion)))
        {
            Assert.NotEqual(Shown(property.GetValue(Questions[0])), Shown(property.GetValue(Questions[1])));
        }
    }

    [Fact]
    public void Answers_come_out_as_they_went_in_with_every_property()
    {
        var group = new GroupRecord(2);
        group.AddCount(5);
        group.Sums[0] = new ColumnSum(Int128.MinValue, 1);
        group.Sums[1] = new ColumnSum(-7, 5);
        var full = new IndexAnswer
        {
            Found = [new FoundPlace([1, 2], "a"), new FoundPlace([], "日本")],
            IsWhole = true,
            Count = long.MaxValue,
            Sums = [new ColumnSum(Int128.MaxValue, 3), new ColumnSum(-1, 1)],
            Figures = new SearchFigures(12, 3.5, [new(1, [new("jazz", new TermLikeness(1, 1)), new("日本", new TermLikeness(2, 0.3))]), new(long.MaxValue, [])]),
            IsPartial = true,
            Groups = [new FoundGroup([4, 5], group), new FoundGroup([], new GroupRecord(0))],
        }.Behind();
        foreach (var answer in new[] { full, IndexAnswer.Refused("not now: ä"), new IndexAnswer() })
        {
            RequireSame(answer, AnswerCodec.Decode(AnswerCodec.Encode(answer)));
        }

        foreach (var property in Properties(typeof(IndexAnswer)).Where(property => property.Name != nameof(IndexAnswer.Refusal)))
        {
            Assert.NotEqual(Shown(property.GetValue(full)), Shown(property.GetValue(new IndexAnswer())));
        }
    }

    [Fact]
    public void Bytes_that_were_damaged_are_refused_or_mean_something_else_and_never_end_otherwise()
    {
        var random = new Random(5);
        var question = QuestionCodec.Encode(Questions[0], Wanted);
        var answer = AnswerCodec.Encode(new IndexAnswer { Found = [new FoundPlace([1, 2], "a")], Sums = [new ColumnSum(1, 3)], Groups = [new FoundGroup([4], new GroupRecord(1))] });
        var refused = 0;
        for (var i = 0; i < 4_000; i++)
        {
            refused += IsRefused(() => QuestionCodec.Decode(Damaged(question, random))) + IsRefused(() => AnswerCodec.Decode(Damaged(answer, random)));
        }

        Assert.True(refused > 2_000, $"{refused} refused");
    }

    private static int IsRefused(Action decode)
    {
        try
        {
            decode();
            return 0;
        }
        catch (CorruptDataException)
        {
            return 1;
        }
    }

    private static byte[] Damaged(byte[] bytes, Random random)
    {
        var damaged = (byte[])bytes.Clone();
        damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
        return random.Next(2) == 0 ? damaged : damaged[..random.Next(damaged.Length)];
    }

    private static void RequireSame<T>(T expected, T actual)
    {
        foreach (var property in Properties(typeof(T)))
        {
            Assert.Equal((property.Name, Shown(property.GetValue(expected))), (property.Name, Shown(property.GetValue(actual))));
        }
    }

    private static PropertyInfo[] Properties(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance);

    private static string Shown(object? value) => value switch
    {
        null => "-",
        byte[] bytes => Convert.ToHexString(bytes),
        ReadOnlyMemory<byte> bytes => Convert.ToHexString(bytes.Span),
        KeyRange range => $"{Shown(range.Low)}..{Shown(range.High)}",
        FoundPlace place => $"{Shown(place.Place)} {place.PrimaryKey}",
        FoundGroup each => $"{Shown(each.Key)} {each.Total.Count} {Shown(each.Total.Sums)}",
        SearchFilter filter => $"{filter.Tree} {Shown(filter.Shape)} {Shown(filter.Values)}",
        SearchFigures figures => $"{figures.Rows} {figures.Words} {Shown(figures.Asked)}",
        SearchBound bound => $"{bound.Column} {Shown(bound.Range)}",
        SearchPhrase phrase => $"<{Shown(phrase.Words)}>",
        WordFigures word => $"{word.Rows} {Shown(word.Similar)}",
        TreeShape shape => $"{Shown(shape.Columns)} {shape.Order} {shape.Sums}",
        string text => text,
        System.Collections.IEnumerable many => string.Join('|', many.Cast<object>().Select(Shown)),
        _ => $"{value}",
    };
}
