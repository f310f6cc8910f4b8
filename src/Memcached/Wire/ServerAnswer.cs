namespace Mjolnir.Memcached.Wire;

/// <summary>What the first word of an answer says.</summary>
internal enum AnswerKind : byte
{
    /// <summary>Not all of it is here yet.</summary>
    Incomplete,

    /// <summary>No answer of memcached's, or one that says that it did not understand: nothing that follows can be trusted.</summary>
    Fault,

    /// <summary><c>VA</c>: an item with its value.</summary>
    Value,

    /// <summary><c>HD</c>: done.</summary>
    Done,

    /// <summary><c>NS</c>, <c>NOT_STORED</c>.</summary>
    NotStored,

    /// <summary><c>EX</c>, <c>EXISTS</c>: the item bears another token.</summary>
    OtherToken,

    /// <summary><c>NF</c>, <c>NOT_FOUND</c>.</summary>
    NotFound,

    /// <summary><c>EN</c>: a miss.</summary>
    Miss,

    /// <summary><c>STORED</c>, of a classic command.</summary>
    Stored,

    /// <summary><c>OK</c>, of a command for all items.</summary>
    Ok,

    /// <summary>Lines of figures up to <c>END</c>.</summary>
    Lines,

    /// <summary><c>SERVER_ERROR</c> for memory.</summary>
    NoMemory,

    /// <summary><c>SERVER_ERROR</c> for size.</summary>
    TooLarge,

    /// <summary><c>BUSY</c>, <c>CLIENT_ERROR … not allowed</c>: not now, or switched off.</summary>
    Refused,
}

/// <summary>One answer as it stands in the receive buffer.</summary>
internal ref struct ServerAnswer
{
    /// <summary>What it is.</summary>
    public AnswerKind Kind;

    /// <summary>Its bytes, line ends included.</summary>
    public int Length;

    /// <summary>If it is incomplete: what it will have in all, as far as is known; else 0.</summary>
    public int Wanted;

    /// <summary>The item's token (flag <c>c</c>).</summary>
    public ulong Token;

    /// <summary>True if it repeats an operation's number (flag <c>O</c>).</summary>
    public bool HasOpaque;

    /// <summary>The number that it repeats.</summary>
    public uint Opaque;

    /// <summary>Flag <c>W</c>: the asker was given the lease.</summary>
    public bool Won;

    /// <summary>Flag <c>Z</c>: somebody else was.</summary>
    public bool Held;

    /// <summary>The value, or the lines of figures.</summary>
    public ReadOnlySpan<byte> Value;
}
