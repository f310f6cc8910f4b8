using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Mjolnir.Core.Keys;

namespace Mjolnir.Core.Indexes.Queries;

/// <summary>
/// A query with the index that answers it. The index names rows; what the rows say counts: <see cref="QueryTerms.Match"/> tells whether one is meant, <see cref="PlaceOf"/> where it stands
/// among the others, by the same encoding as the index's, so that what a transaction wrote itself takes its place beside what was found.
/// </summary>
public sealed class TableQuery
{
    private const int MarkBytes = sizeof(uint);

    private readonly string _app;
    private readonly string _table;
    private readonly TableIndexes _declared;
    private readonly QueryPlan _plan;
    private readonly TreeShape _shape;
    private readonly KeyRange _range;
    private readonly uint _mark;

    private TableQuery(string app, string table, TableIndexes declared, QueryPlan plan, QueryTerms terms)
    {
        (_app, _table, _declared, _plan, Terms) = (app, table, declared, plan, terms);
        _shape = TreeShape.Of(plan.Index);
        var equal = plan.Index.Columns.Take(terms.Equal.Count).Select(column => terms.Equal.First(each => each.Column == column.Name).Value).ToList();
        _range = KeyRanges.Of(plan.Index.Columns, equal, terms.Range?.From, terms.Range?.To);
        IsExact = equal.TrueForAll(KeyRanges.IsExact) && IsExactBound(terms.Range?.From) && IsExactBound(terms.Range?.To);
        _mark = MarkOf();
    }

    /// <summary>What is asked for.</summary>
    public QueryTerms Terms { get; }

    /// <summary>The index that answers.</summary>
    public IndexDeclaration Index => _plan.Index;

    /// <summary>True if places come from the last to the first.</summary>
    public bool IsBackward => _plan.Walk == QueryWalk.Backward;

    /// <summary>True if places are those of the index's declared order: which is the n-th is found by walking there.</summary>
    public bool IsByOrder => _plan.Walk == QueryWalk.Top;

    /// <summary>False if a text in the query is so long that an index alone cannot tell which rows are meant.</summary>
    public bool IsExact { get; }

    /// <summary>Finds the index for a query; false if none is declared (<see cref="QueryPlan.Missing"/> tells what is missing).</summary>
    /// <param name="app">the application</param>
    /// <param name="table">the table</param>
    /// <param name="declared">what is declared for it</param>
    /// <param name="terms">what is asked for; values of the columns' kinds</param>
    /// <param name="query">the query</param>
    public static bool TryBind(string app, string table, TableIndexes declared, QueryTerms terms, [NotNullWhen(true)] out TableQuery? query)
    {
        query = QueryPlan.TryFind(declared, terms.Shape, out var plan) ? new TableQuery(app, table, declared, plan, terms) : null;
        return query is not null;
    }

    /// <summary>The question for the rows behind a place.</summary>
    /// <param name="after">the place; empty for the first rows</param>
    /// <param name="limit">rows wanted at most; at least 1</param>
    /// <param name="isFresh">everything that is durable by now shall be in the answer</param>
    public IndexQuestion Rows(byte[] after, int limit, bool isFresh)
    {
        Invariant.Require(limit > 0, "A query asks for no rows.");
        return Question(after, limit, isFresh);
    }

    /// <summary>The question for a page by its number, and how many rows there are, of one moment.</summary>
    /// <param name="skip">rows before the page; a walk by a declared order (<see cref="IsByOrder"/>) takes the longer the more there are</param>
    /// <param name="limit">rows wanted at most; at least 1</param>
    /// <param name="isFresh">everything that is durable by now shall be in the answer</param>
    public IndexQuestion Numbered(long skip, int limit, bool isFresh) =>
        new(_app, _table, _declared.Declared, Position(), _shape, _plan.Walk, _range, isFresh) { Skip = skip, Limit = limit };

    /// <summary>The question how many rows there are, and what they add up to.</summary>
    /// <param name="isFresh">everything that is durable by now shall be in the answer</param>
    public IndexQuestion Total(bool isFresh) => Question([], 0, isFresh);

    /// <summary>Where a row stands among the answers: bytes that <see cref="Compare"/> puts in order.</summary>
    /// <param name="row">the row's value of a column; null also for one of another kind than the column's</param>
    /// <param name="primaryKey">its primary key</param>
    public byte[] PlaceOf(Func<string, IndexValue> row, string primaryKey)
    {
        var place = new ArrayBufferWriter<byte>(64);
        foreach (var column in _plan.Walk == QueryWalk.Top ? [_plan.Index.Order!] : _plan.Index.Columns)
        {
            KeyRanges.Append(place, column, row(column.Name));
        }

        place.Write(Encoding.UTF8.GetBytes(primaryKey));
        return place.WrittenSpan.ToArray();
    }

    /// <summary>The order of answers.</summary>
    public int Compare(byte[] left, byte[] right)
    {
        var order = left.AsSpan().SequenceCompareTo(right);
        return IsBackward ? -order : order;
    }

    /// <summary>A place as a text that a page may keep and hand in again. It tells of which query it is.</summary>
    public string CursorOf(byte[] place)
    {
        var bytes = new byte[MarkBytes + place.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, _mark);
        place.CopyTo(bytes.AsSpan(MarkBytes));
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>The place of a cursor; false if it is none of this query. Whoever makes one up gets some other part of the same answers.</summary>
    public bool TryCursor(string cursor, [NotNullWhen(true)] out byte[]? place)
    {
        place = null;
        var bytes = new byte[Base64Url.GetMaxDecodedLength(cursor.Length)];
        if (!Base64Url.TryDecodeFromChars(cursor, bytes, out var length) || length <= MarkBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != _mark)
        {
            return false;
        }

        place = bytes[MarkBytes..length];
        return true;
    }

    private static bool IsExactBound(ValueBound? bound) => bound is not { } end || KeyRanges.IsExact(end.Value);

    private IndexQuestion Question(byte[] after, int limit, bool isFresh) =>
        new(_app, _table, _declared.Declared, Position(), _shape, limit == 0 ? QueryWalk.Forward : _plan.Walk, _range, isFresh) { After = after, Limit = limit };

    private int Position()
    {
        var at = 0;
        while (_declared.Indexes[at] != _plan.Index)
        {
            at++;
        }

        return at;
    }

    /// <summary>The same for all pages of a query, another for every other one.</summary>
    private uint MarkOf()
    {
        var text = new ArrayBufferWriter<byte>();
        text.Write(Encoding.UTF8.GetBytes($"{_app}\n{_table}\n{_plan.Index.Name}\n{_plan.Walk}\n"));
        text.Write(_range.Low.Span);
        text.Write("\n"u8);
        text.Write(_range.High is { } high ? high.Span : default);
        return (uint)(XxHash64.Hash(text.WrittenSpan) ^ _declared.Declared);
    }
}
