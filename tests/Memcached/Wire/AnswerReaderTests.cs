using System.Text;
using Mjolnir.Memcached.Wire;

namespace Mjolnir.Memcached.Tests.Wire;

public sealed class AnswerReaderTests
{
    private const int MostValueBytes = 100;

    public static TheoryData<string, int> Answers => new()
    {
        { "HD c7 O0001\r\n", (int)AnswerKind.Done },
        { "HD\r\n", (int)AnswerKind.Done },
        { "NS c0 O0001\r\n", (int)AnswerKind.NotStored },
        { "EX c0 O0001\r\n", (int)AnswerKind.OtherToken },
        { "NF O0001\r\n", (int)AnswerKind.NotFound },
        { "EN\r\n", (int)AnswerKind.Miss },
        { "VA 3 c7 O0001\r\nabc\r\n", (int)AnswerKind.Value },
        { "VA 0 c7 O0001 W\r\n\r\n", (int)AnswerKind.Value },
        { "VA 0 c7 O0001 X Z\r\n\r\n", (int)AnswerKind.Value },
        { "VA 8 c7\r\nEN\r\nEN\r\n\r\n", (int)AnswerKind.Value },
        { "STORED\r\n", (int)AnswerKind.Stored },
        { "EXISTS\r\n", (int)AnswerKind.OtherToken },
        { "NOT_FOUND\r\n", (int)AnswerKind.NotFound },
        { "NOT_STORED\r\n", (int)AnswerKind.NotStored },
        { "OK\r\n", (int)AnswerKind.Ok },
        { "BUSY currently processing crawler request\r\n", (int)AnswerKind.Refused },
        { "CLIENT_ERROR flush_all not allowed\r\n", (int)AnswerKind.Refused },
        { "SERVER_ERROR out of memory storing object\r\n", (int)AnswerKind.NoMemory },
        { "SERVER_ERROR Out of memory during read\r\n", (int)AnswerKind.NoMemory },
        { "SERVER_ERROR object too large for cache\r\n", (int)AnswerKind.TooLarge },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void An_answer_is_read_only_when_it_is_all_there_and_takes_nothing_of_what_follows(string text, int kind)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(AnswerKind.Incomplete, AnswerReader.Read(bytes.AsSpan(0, length), MostValueBytes).Kind);
        }

        var answer = AnswerReader.Read([.. bytes, .. "HD\r\n"u8], MostValueBytes);
        Assert.Equal(((AnswerKind)kind, bytes.Length), (answer.Kind, answer.Length));
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n")]
    [InlineData("HD\n")]
    [InlineData("HX\r\n")]
    [InlineData("HD c\r\n")]
    [InlineData("HD c-1\r\n")]
    [InlineData("HD c1x\r\n")]
    [InlineData("HD  c1\r\n")]
    [InlineData("HD c1 \r\n")]
    [InlineData("HD c99999999999999999999\r\n")]
    [InlineData("HD O1\r\n")]
    [InlineData("HD O\u007f001\r\n")]
    [InlineData("HD q7\r\n")]
    [InlineData("VA\r\n")]
    [InlineData("VA x c1\r\n")]
    [InlineData("VA -1 c1\r\n")]
    [InlineData("VA 101 c1\r\n")]
    [InlineData("VA 4294967297 c1\r\n")]
    [InlineData("VA 99999999999999999999 c1\r\n")]
    [InlineData("VA 3 c1\r\nabcd\r\n")]
    [InlineData("VA 3 c1\r\nabc\n\n")]
    [InlineData("ERROR\r\n")]
    [InlineData("CLIENT_ERROR bad data chunk\r\n")]
    [InlineData("SERVER_ERROR out of memory writing get response\r\n")]
    [InlineData("STORED c1\r\n")]
    public void What_is_not_an_answer_to_the_letter_is_a_fault(string text) =>
        Assert.Equal(AnswerKind.Fault, AnswerReader.Read(Encoding.Latin1.GetBytes(text), MostValueBytes).Kind);

    [Fact]
    public void A_line_without_end_is_a_fault() =>
        Assert.Equal(AnswerKind.Fault, AnswerReader.Read(new byte[MemcachedLimits.LineBytes], MostValueBytes).Kind);

    [Fact]
    public void A_value_says_how_long_it_will_be() =>
        Assert.Equal("VA 90 c1\r\n".Length + 92, AnswerReader.Read("VA 90 c1\r\nabc"u8, MostValueBytes).Wanted);

    [Fact]
    public void Figures_are_lines_up_to_their_end()
    {
        var bytes = "STAT a 1\r\nSTAT b END\r\nEND\r\n"u8.ToArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(AnswerKind.Incomplete, AnswerReader.ReadLines(bytes.AsSpan(0, length)).Kind);
        }

        var answer = AnswerReader.ReadLines([.. bytes, .. "EN\r\n"u8]);
        Assert.Equal((AnswerKind.Lines, bytes.Length), (answer.Kind, answer.Length));
        Assert.Equal("STAT a 1\r\nSTAT b END\r\n", Encoding.ASCII.GetString(answer.Value));
        Assert.Equal(AnswerKind.Fault, AnswerReader.ReadLines("STAT a 1\r\nERROR\r\n"u8).Kind);
    }
}
