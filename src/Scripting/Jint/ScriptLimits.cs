namespace Mjolnir.Scripting.Jint;

/// <summary>
/// What a run may take. The sum of <see cref="Timeout"/> and <see cref="RegexTimeout"/> and one check interval stays under half a second:
/// that long a hostile handler may hold up its lane.
/// </summary>
public sealed record ScriptLimits
{
    /// <summary>The limits as they are shipped.</summary>
    public static ScriptLimits Default { get; } = new();

    /// <summary>Wall time of one run. A transfer takes 5 µs; a quarter of a second is a program gone astray, and the lane waits for it.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest match of a regular expression; a catastrophic one costs this once, since the run's time is then checked.</summary>
    public TimeSpan RegexTimeout { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Steps (loop turns, calls, elements walked by library functions) of one run: the bound that does not depend on the machine's speed.</summary>
    public long MaxSteps { get; init; } = 20_000_000;

    /// <summary>Bytes that one run may allocate, garbage included.</summary>
    public long MaxAllocatedBytes { get; init; } = 64L << 20;

    /// <summary>Calls within calls. Fits a 16 MB stack several times; on smaller stacks the stack itself is checked.</summary>
    public int MaxCallDepth { get; init; } = 1_000;

    /// <summary>UTF-16 code units of one text: larger than any row may be.</summary>
    public int MaxTextLength { get; init; } = 4 << 20;

    /// <summary>Elements that may be left out between the last of an array and one assigned beyond it.</summary>
    public uint MaxArrayGap { get; init; } = 1_000_000;

    /// <summary>Objects and arrays within each other in JSON. Matches what the HTTP layer admits, and keeps readers of rows from recursing deeper.</summary>
    public int MaxJsonDepth { get; init; } = 256;

    /// <summary>Prototypes behind an object: a lookup walks them all.</summary>
    public int MaxPrototypes { get; init; } = 1_000;

    /// <summary>UTF-8 bytes of one row. A cache item holds 1 MiB by default: an envelope with its previous version, key and stamps included, must fit.</summary>
    public int MaxRowBytes { get; init; } = 500 << 10;

    /// <summary>Rows that one run may write.</summary>
    public int MaxWrites { get; init; } = 10_000;

    /// <summary>Rows that one query gives at most: each is read and validated by the transaction. A page of results has twenty; who wants all of a table exports it.</summary>
    public int MaxQueryRows { get; init; } = 1_000;

    /// <summary>Questions that one run asks indexes: each ends a run once, so that many would take as many runs.</summary>
    public int MaxQueries { get; init; } = 100;

    /// <summary>UTF-8 bytes of a handler's result, and of its page changes.</summary>
    public int MaxAnswerBytes { get; init; } = 1 << 20;

    /// <summary>Characters of one script of a page. Bounds the parser's recursion together with <see cref="ParserStackBytes"/>.</summary>
    public int MaxSourceLength { get; init; } = 512 << 10;

    /// <summary>Brackets open at once in a source text: the parser takes about 4 KB of stack for each.</summary>
    public int MaxSourceNesting { get; init; } = 2_000;

    /// <summary>Stack of the thread that parses and compiles: reserved, not committed.</summary>
    public int ParserStackBytes { get; init; } = 256 << 20;

    /// <summary>Nodes within each other in a compiled program.</summary>
    public int MaxProgramDepth { get; init; } = 4_000;

    /// <summary>Time and memory are looked at once in this many steps.</summary>
    public int StepsPerCheck { get; init; } = 512;

    /// <summary>Wall time in which a page's scripts must have run when its engine is made; longer than a run's, since it happens once.</summary>
    public TimeSpan SetUpTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Versions of an application whose engines are kept: the one served, and the one that calls under way still use.</summary>
    public int MaxVersionsKept { get; init; } = 2;
}
