using System.Runtime.InteropServices;

namespace Mjolnir.Core.Indexes;

/// <summary>
/// Memory for the pages of a writer. Pages live for seconds, which is the worst age for a collected heap: as objects of their own each is copied twice before it dies. So they are parts of
/// large arrays, which collections leave where they are, and a part that nobody needs any more is used again. Arrays are kept as long as the writer. Not safe for threads.
/// </summary>
public sealed class PageBuffers
{
    /// <summary>Parts come in multiples of this: a page wastes half of it on average.</summary>
    private const int Grain = 256;

    /// <summary>The largest part; a page above it, which one long entry makes, has memory of its own.</summary>
    private const int Largest = IndexLimits.InnerBytes / Grain * Grain + Grain;

    /// <summary>Bytes of an array: more than the runtime's limit for objects that are not moved (85,000), and few enough that one begun for a rare size is no waste.</summary>
    private const int ArrayBytes = 256 * 1024;

    private readonly Stack<ArraySegment<byte>>[] _free = [.. Enumerable.Range(0, (Largest / Grain) + 1).Select(static _ => new Stack<ArraySegment<byte>>())];

    /// <summary>Bytes of all arrays.</summary>
    public long Bytes { get; private set; }

    /// <summary>Memory of this length. What it holds is left over from before.</summary>
    public ArraySegment<byte> Take(int length)
    {
        if (length > Largest)
        {
            return new byte[length];
        }

        var free = _free[ClassOf(length)];
        if (free.Count == 0)
        {
            Fill(free, ClassOf(length) * Grain);
        }

        return free.Pop()[..length];
    }

    /// <summary>Takes back the memory of a page that nobody looks at any more. It is overwritten, so that somebody who does cannot take it for the page.</summary>
    public void Return(IndexPage page)
    {
        Invariant.Require(MemoryMarshal.TryGetArray(page.Bytes, out var part), "The memory of an index page is no array.");
        if (part.Count > Largest)
        {
            return;
        }

        var whole = new ArraySegment<byte>(part.Array!, part.Offset, ClassOf(part.Count) * Grain);
        whole.AsSpan().Fill(0xFF);
        _free[ClassOf(part.Count)].Push(whole);
    }

    private static int ClassOf(int length) => (length + Grain - 1) / Grain;

    private void Fill(Stack<ArraySegment<byte>> free, int size)
    {
        var array = GC.AllocateUninitializedArray<byte>(ArrayBytes);
        Bytes += ArrayBytes;
        for (var at = 0; at + size <= ArrayBytes; at += size)
        {
            free.Push(new ArraySegment<byte>(array, at, size));
        }
    }
}
