using System.Buffers.Binary;
using Mjolnir.Core.Envelopes;
using Mjolnir.Core.Text;
using Mjolnir.Core.Wire;

namespace Mjolnir.Core.Indexes.Queries;

/// <summary>
/// A question, and what its answer shall hold, as bytes between processes:
/// <code>
/// byte    format (4)
/// text    application, table; uint64 declared; number tree
/// number  columns, then each; byte 1 and the column of the declared order, or byte 0; number sums
/// byte    walk; range; counted after; number limit, skip and one, depth, group sums and one; byte 1 if fresh
/// number  words, then each: text term, byte 1 and text prefix, or byte 0, number mistakes; number phrases, then each: number words, then of each its number; number filters, then each: number tree, shape as above, counted values
/// number  kept columns, then each; number bounds, then each: number column, range; number columns counted by, then of each its number
/// number  stamps wanted, then per stamp: text log, number batch
/// range   counted low; byte 1 and counted high, or byte 0
/// column  text name, byte kind, byte 1 if descending
/// </code>
/// Numbers are LEB128, texts and counted bytes carry their length before them.
/// </summary>
public static class QuestionCodec
{
    private const byte Format = 4;
    private const int LongestNumber = 10;

    /// <summary>The bytes of a question.</summary>
    /// <param name="question">the question</param>
    /// <param name="wanted">per log the batch up to which the answer shall hold everything</param>
    public static byte[] Encode(IndexQuestion question, IReadOnlyList<Stamp> wanted)
    {
        var buffer = new byte[LargestSize(question, wanted)];
        var to = new WireWriter(buffer);
        to.Byte(Format);
        to.Text(question.App);
        to.Text(question.Table);
        to.UInt64(question.Declared);
        to.Number(question.Tree);
        Write(ref to, question.Shape);
        to.Byte((byte)question.Walk);
        Write(ref to, question.Range);
        to.Counted(question.After);
        to.Number(question.Limit);
        to.Number(question.Skip + 1);
        to.Number(question.Depth);
        to.Number(question.GroupSums + 1);
        Write(ref to, question.IsFresh);
        WriteSearch(ref to, question);
        to.Number(wanted.Count);
        foreach (var stamp in wanted)
        {
            to.Text(stamp.Log);
            to.Number(stamp.Batch);
        }

        return to.Written.ToArray();
    }

    /// <summary>The question of these bytes.</summary>
    /// <exception cref="CorruptDataException">they are no question, or of an unknown format</exception>
    public static (IndexQuestion Question, IReadOnlyList<Stamp> Wanted) Decode(ReadOnlyMemory<byte> bytes)
    {
        var from = new WireReader(bytes);
        if (from.Byte() is var format && format != Format)
        {
            throw from.Damaged($"a question of format {format}; this program knows format {Format}");
        }

        var (app, table) = (from.Text(), from.Text());
        var declared = BinaryPrimitives.ReadUInt64LittleEndian(from.Span(sizeof(ulong)));
        var tree = Int(ref from);
        var shape = ReadShape(ref from);
        var walk = (QueryWalk)from.Byte();
        var range = ReadRange(ref from);
        var after = from.Memory(from.Count()).ToArray();
        var (limit, skip, depth, groupSums) = (Int(ref from), from.Number() - 1, Int(ref from), Int(ref from) - 1);
        var isFresh = Flag(ref from);
        var words = ReadWords(ref from);
        var phrases = ReadPhrases(ref from, words.Length);
        var filters = ReadFilters(ref from);
        var kept = ReadColumns(ref from);
        var (within, by) = (ReadWithin(ref from, kept.Length), ReadNumbers(ref from, kept.Length));
        var wanted = new Stamp[from.Count()];
        for (var i = 0; i < wanted.Length; i++)
        {
            var log = from.Log();
            wanted[i] = new Stamp(log, from.Number());
        }

        return from.Remaining == 0 && Enum.IsDefined(walk)
            ? (new IndexQuestion(app, table, declared, tree, shape, walk, range, isFresh) { After = after, Limit = limit, Skip = skip, Depth = depth, GroupSums = groupSums, Words = words, Phrases = phrases, Filters = filters, Kept = kept, Within = within, By = by }, wanted)
            : throw from.Damaged("a question that is none");
    }

    private static void WriteSearch(ref WireWriter to, IndexQuestion question)
    {
        to.Number(question.Words.Count);
        foreach (var word in question.Words)
        {
            to.Text(word.Term);
            Write(ref to, word.Prefix is not null);
            if (word.Prefix is not null)
            {
                to.Text(word.Prefix);
            }

            to.Number(word.Mistakes);
        }

        to.Number(question.Phrases.Count);
        foreach (var phrase in question.Phrases)
        {
            Write(ref to, phrase.Words);
        }

        to.Number(question.Filters.Count);
        foreach (var filter in question.Filters)
        {
            to.Number(filter.Tree);
            Write(ref to, filter.Shape);
            to.Counted(filter.Values);
        }

        Write(ref to, question.Kept);
        to.Number(question.Within.Count);
        foreach (var bound in question.Within)
        {
            to.Number(bound.Column);
            Write(ref to, bound.Range);
        }

        Write(ref to, question.By);
    }

    private static SearchWord[] ReadWords(ref WireReader from)
    {
        var words = new SearchWord[from.Count()];
        for (var i = 0; i < words.Length; i++)
        {
            var term = from.Text();
            words[i] = new SearchWord(term, Flag(ref from) ? from.Text() : null) { Mistakes = Int(ref from) };
        }

        return words;
    }

    private static SearchPhrase[] ReadPhrases(ref WireReader from, int words)
    {
        var phrases = new SearchPhrase[from.Count()];
        for (var i = 0; i < phrases.Length; i++)
        {
            phrases[i] = ReadNumbers(ref from, words) is { Length: > 0 } numbers ? new SearchPhrase(numbers) : throw from.Damaged("a phrase without words");
        }

        return phrases;
    }

    private static SearchBound[] ReadWithin(ref WireReader from, int columns)
    {
        var within = new SearchBound[from.Count()];
        for (var i = 0; i < within.Length; i++)
        {
            var column = ReadNumber(ref from, columns);
            within[i] = new SearchBound(column, ReadRange(ref from));
        }

        return within;
    }

    /// <summary>Numbers of things of which there are so many.</summary>
    private static int[] ReadNumbers(ref WireReader from, int things)
    {
        var numbers = new int[from.Count()];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = ReadNumber(ref from, things);
        }

        return numbers;
    }

    private static int ReadNumber(ref WireReader from, int things) => Int(ref from) is var number && number < things ? number : throw from.Damaged("the number of something that is not there");

    private static KeyRange ReadRange(ref WireReader from)
    {
        var low = from.Memory(from.Count());
        return KeyRange.Between(low, Flag(ref from) ? from.Memory(from.Count()).ToArray() : null);
    }

    private static SearchFilter[] ReadFilters(ref WireReader from)
    {
        var filters = new SearchFilter[from.Count()];
        for (var i = 0; i < filters.Length; i++)
        {
            var tree = Int(ref from);
            var shape = ReadShape(ref from);
            filters[i] = new SearchFilter(tree, shape, from.Memory(from.Count()).ToArray());
        }

        return filters;
    }

    private static void Write(ref WireWriter to, IReadOnlyList<int> numbers)
    {
        to.Number(numbers.Count);
        foreach (var number in numbers)
        {
            to.Number(number);
        }
    }

    private static void Write(ref WireWriter to, KeyRange range)
    {
        to.Counted(range.Low.Span);
        Write(ref to, range.High is not null);
        if (range.High is { } high)
        {
            to.Counted(high.Span);
        }
    }

    private static void Write(ref WireWriter to, IReadOnlyList<IndexColumn> columns)
    {
        to.Number(columns.Count);
        foreach (var column in columns)
        {
            Write(ref to, column);
        }
    }

    private static void Write(ref WireWriter to, TreeShape shape)
    {
        Write(ref to, shape.Columns);
        Write(ref to, shape.Order is not null);
        if (shape.Order is { } order)
        {
            Write(ref to, order);
        }

        to.Number(shape.Sums);
    }

    private static void Write(ref WireWriter to, IndexColumn column)
    {
        to.Text(column.Name);
        to.Byte((byte)column.Kind);
        Write(ref to, column.Descending);
    }

    private static void Write(ref WireWriter to, bool flag) => to.Byte(flag ? (byte)1 : (byte)0);

    private static IndexColumn[] ReadColumns(ref WireReader from)
    {
        var columns = new IndexColumn[from.Count()];
        for (var i = 0; i < columns.Length; i++)
        {
            columns[i] = ReadColumn(ref from);
        }

        return columns;
    }

    private static TreeShape ReadShape(ref WireReader from)
    {
        var columns = ReadColumns(ref from);
        var order = Flag(ref from) ? ReadColumn(ref from) : null;
        return new TreeShape(columns, order, Int(ref from));
    }

    private static IndexColumn ReadColumn(ref WireReader from)
    {
        var name = from.Text();
        var kind = (IndexedKind)from.Byte();
        return Enum.IsDefined(kind) ? new IndexColumn(name, kind, Flag(ref from)) : throw from.Damaged("a column of a kind that does not exist");
    }

    private static bool Flag(ref WireReader from) => from.Byte() switch
    {
        0 => false,
        1 => true,
        _ => throw from.Damaged("neither yes nor no"),
    };

    private static int Int(ref WireReader from) => from.Number() is >= 0 and <= int.MaxValue and var number ? (int)number : throw from.Damaged("a number out of range");

    private static int LargestSize(IndexQuestion question, IReadOnlyList<Stamp> wanted) =>
        ((20 + question.By.Count) * LongestNumber) + question.Kept.Sum(column => Text(column.Name) + 2) + question.Within.Sum(bound => (3 * LongestNumber) + 1 + bound.Range.Low.Length + (bound.Range.High?.Length ?? 0)) + Text(question.App) + Text(question.Table) + LargestSize(question.Shape)
        + question.Words.Sum(word => Text(word.Term) + Text(word.Prefix ?? "") + 1 + LongestNumber) + question.Phrases.Sum(phrase => (phrase.Words.Count + 1) * LongestNumber) + question.Filters.Sum(filter => (2 * LongestNumber) + LargestSize(filter.Shape) + filter.Values.Length)
        + question.Range.Low.Length + (question.Range.High?.Length ?? 0) + question.After.Length + wanted.Sum(stamp => Text(stamp.Log) + LongestNumber);

    private static int LargestSize(TreeShape shape) => (3 * LongestNumber) + shape.Columns.Append(shape.Order).Sum(column => Text(column?.Name ?? "") + 2);

    private static int Text(string text) => LongestNumber + (text.Length * 3);
}
