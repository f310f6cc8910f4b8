namespace Mjolnir.Storage.Objects;

/// <summary>Requests to a store so far, by what is billed apart.</summary>
/// <param name="Puts">creations asked for, also those that were refused or lost</param>
/// <param name="Gets">reads of whole objects or parts</param>
/// <param name="Lists">pages of names</param>
/// <param name="Deletes">deletions</param>
/// <param name="BytesOut">content sent</param>
/// <param name="BytesIn">content received</param>
/// <param name="Failures">requests of all kinds that got no answer, or one that says "later" or "no"</param>
public readonly record struct StoreRequestFigures(long Puts, long Gets, long Lists, long Deletes, long BytesOut, long BytesIn, long Failures)
{
    /// <summary>All requests.</summary>
    public long All => Puts + Gets + Lists + Deletes;

    /// <summary>What came since an earlier look.</summary>
    public StoreRequestFigures Since(StoreRequestFigures before) => new(
        Puts - before.Puts, Gets - before.Gets, Lists - before.Lists, Deletes - before.Deletes, BytesOut - before.BytesOut, BytesIn - before.BytesIn, Failures - before.Failures);
}

/// <summary>Counts the requests to a store. Thread-safe.</summary>
public sealed class StoreRequests
{
    private long _puts;
    private long _gets;
    private long _lists;
    private long _deletes;
    private long _bytesOut;
    private long _bytesIn;
    private long _failures;

    /// <summary>The figures now.</summary>
    public StoreRequestFigures Figures => new(
        Interlocked.Read(ref _puts), Interlocked.Read(ref _gets), Interlocked.Read(ref _lists), Interlocked.Read(ref _deletes),
        Interlocked.Read(ref _bytesOut), Interlocked.Read(ref _bytesIn), Interlocked.Read(ref _failures));

    internal void Put(long bytes)
    {
        Interlocked.Increment(ref _puts);
        Interlocked.Add(ref _bytesOut, bytes);
    }

    internal void Get() => Interlocked.Increment(ref _gets);

    internal void List() => Interlocked.Increment(ref _lists);

    internal void Delete() => Interlocked.Increment(ref _deletes);

    internal void Received(long bytes) => Interlocked.Add(ref _bytesIn, bytes);

    internal void Failed() => Interlocked.Increment(ref _failures);
}
