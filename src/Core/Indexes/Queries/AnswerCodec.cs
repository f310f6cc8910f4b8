using System.Buffers.Binary;
using Mjolnir.Core.Text;
using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Indexes.Queries;

/// <summary>
/// An answer as bytes between processes:
/// <code>
/// byte    format (4), byte flags: 1 whole, 2 behind, 4 refused, 8 figures of a search, 16 partial
/// text    why it is refused; only then
/// number  places, then each: counted place, text primary key
/// number  count; number sums, then each: uint64 upper half, uint64 lower half of the total, number rows
/// number  rows, uint64 words (an IEEE double), number words asked for, then each: number rows, number similar, then each: text term, number mistakes, uint64 share (an IEEE double); only with figures of a search
/// number  groups, then each: number summed columns, counted key, counted payload as in a tree
/// </code>
/// </summary>
public static class AnswerCodec
{
    private const byte Format = 4;
    private const int LongestNumber = 10;
    private const int SumBytes = (2 * sizeof(ulong)) + LongestNumber;

    [Flags]
    private enum Is : byte
    {
        Nothing = 0,
        Whole = 1,
        Behind = 2,
        Refused = 4,
        Searched = 8,
        Partial = 16,
    }

    /// <summary>The bytes of an answer.</summary>
    public static byte[] Encode(IndexAnswer answer)
    {
        var groups = answer.Groups.Select(static group => (group.Key, Sums: group.Total.Sums.Length, Payload: group.Total.ToPayload())).ToList();
        var buffer = new byte[2 + Text(answer.Refusal ?? "") + (6 * LongestNumber) + (answer.Figures?.Asked.Sum(word => (2 * LongestNumber) + word.Similar.Sum(similar => Text(similar.Term) + LongestNumber + sizeof(double))) ?? 0) + sizeof(double) + answer.Found.Sum(found => found.Place.Length + LongestNumber + Text(found.PrimaryKey)) + (answer.Sums.Count * SumBytes) + groups.Sum(group => (3 * LongestNumber) + group.Key.Length + group.Payload.Length)];
        var to = new WireWriter(buffer);
        to.Byte(Format);
        to.Byte((byte)((answer.IsWhole ? Is.Whole : 0) | (answer.IsBehind ? Is.Behind : 0) | (answer.Refusal is null ? 0 : Is.Refused) | (answer.Figures is null ? 0 : Is.Searched) | (answer.IsPartial ? Is.Partial : 0)));
        if (answer.Refusal is { } refusal)
        {
            to.Text(refusal);
        }

        to.Number(answer.Found.Count);
        foreach (var found in answer.Found)
        {
            to.Counted(found.Place);
            to.Text(found.PrimaryKey);
        }

        to.Number(answer.Count);
        to.Number(answer.Sums.Count);
        foreach (var sum in answer.Sums)
        {
            to.UInt64((ulong)(sum.Total >> 64));
            to.UInt64((ulong)sum.Total);
            to.Number(sum.Count);
        }

        if (answer.Figures is { } figures)
        {
            to.Number(figures.Rows);
            to.UInt64(BitConverter.DoubleToUInt64Bits(figures.Words));
            to.Number(figures.Asked.Count);
            foreach (var word in figures.Asked)
            {
                Write(ref to, word);
            }
        }

        to.Number(groups.Count);
        foreach (var group in groups)
        {
            to.Number(group.Sums);
            to.Counted(group.Key);
            to.Counted(group.Payload);
        }

        return to.Written.ToArray();
    }

    /// <summary>The answer of these bytes.</summary>
    /// <exception cref="CorruptDataException">they are no answer, or of an unknown format</exception>
    public static IndexAnswer Decode(ReadOnlyMemory<byte> bytes)
    {
        var from = new WireReader(bytes);
        if (from.Byte() is var format && format != Format)
        {
            throw from.Damaged($"an answer of format {format}; this program knows format {Format}");
        }

        var flags = (Is)from.Byte();
        var refusal = flags.HasFlag(Is.Refused) ? from.Text() : null;
        var found = new FoundPlace[from.Count()];
        for (var i = 0; i < found.Length; i++)
        {
            var place = from.Memory(from.Count()).ToArray();
            found[i] = new FoundPlace(place, from.Text());
        }

        var count = from.Number();
        var sums = new ColumnSum[from.Count()];
        for (var i = 0; i < sums.Length; i++)
        {
            var halves = from.Span(2 * sizeof(ulong));
            var total = new Int128(BinaryPrimitives.ReadUInt64LittleEndian(halves), BinaryPrimitives.ReadUInt64LittleEndian(halves[sizeof(ulong)..]));
            sums[i] = new ColumnSum(total, from.Number());
        }

        var figures = flags.HasFlag(Is.Searched) ? ReadFigures(ref from) : null;
        var groups = new FoundGroup[from.Count()];
        for (var i = 0; i < groups.Length; i++)
        {
            groups[i] = ReadGroup(ref from);
        }

        if (from.Remaining > 0)
        {
            throw from.Damaged("something follows an answer");
        }

        var answer = new IndexAnswer { Found = found, IsWhole = flags.HasFlag(Is.Whole), Refusal = refusal, Count = count, Sums = sums, Groups = groups, Figures = figures, IsPartial = flags.HasFlag(Is.Partial) };
        return flags.HasFlag(Is.Behind) ? answer.Behind() : answer;
    }

    private static SearchFigures ReadFigures(ref WireReader from)
    {
        var rows = from.Number();
        var words = BinaryPrimitives.ReadDoubleLittleEndian(from.Span(sizeof(double)));
        var asked = new WordFigures[from.Count()];
        for (var i = 0; i < asked.Length; i++)
        {
            var frequency = from.Number();
            var similar = new SimilarTerm[from.Count()];
            for (var j = 0; j < similar.Length; j++)
            {
                var term = from.Text();
                var mistakes = from.Number() is > 0 and <= int.MaxValue and var number ? (int)number : throw from.Damaged("a word alike without mistakes");
                similar[j] = new SimilarTerm(term, new TermLikeness(mistakes, BinaryPrimitives.ReadDoubleLittleEndian(from.Span(sizeof(double)))));
            }

            asked[i] = new WordFigures(frequency, similar);
        }

        return new SearchFigures(rows, words, asked);
    }

    private static void Write(ref WireWriter to, WordFigures word)
    {
        to.Number(word.Rows);
        to.Number(word.Similar.Count);
        foreach (var similar in word.Similar)
        {
            to.Text(similar.Term);
            to.Number(similar.Likeness.Mistakes);
            to.UInt64(BitConverter.DoubleToUInt64Bits(similar.Likeness.Share));
        }
    }

    private static FoundGroup ReadGroup(ref WireReader from)
    {
        var sums = from.Count();
        var key = from.Memory(from.Count()).ToArray();
        var payload = from.Memory(from.Count());
        return payload.Length == GroupRecord.SizeOf(sums) ? new FoundGroup(key, GroupRecord.Read(payload.Span, sums)) : throw from.Damaged("a group that is none");
    }

    private static int Text(string text) => LongestNumber + (text.Length * 3);
}
