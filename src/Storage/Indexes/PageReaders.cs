namespace Mjolnir.Storage.Indexes;

/// <summary>
/// Who looks at pages just now. A page's memory is used again, so it must be known when nobody can look at it any more:
/// <code>
/// 1 a step replaces pages; readers of the head before go on, until they have ended
/// 2 then the pages are taken away: nobody finds them from here on
/// 3 who may have found them just before that has ended too: their memory is free
/// </code>
/// Thread-safe.
/// </summary>
public sealed class PageReaders
{
    private readonly Lock _lock = new();
    private readonly LinkedList<long> _reading = []; // in the order in which they began
    private long _now;

    /// <summary>Somebody begins to look at pages. What is found until the end stays as it is.</summary>
    public Reading Begin()
    {
        lock (_lock)
        {
            return new Reading(this, _reading.AddLast(_now));
        }
    }

    /// <summary>An instant: whoever reads now began before it.</summary>
    public long Instant()
    {
        lock (_lock)
        {
            return ++_now;
        }
    }

    /// <summary>True if all have ended that began before an instant.</summary>
    public bool HaveEnded(long instant)
    {
        lock (_lock)
        {
            return _reading.First is not { } oldest || oldest.Value >= instant;
        }
    }

    /// <summary>A look at pages, from its beginning to <see cref="Dispose"/>.</summary>
    public readonly struct Reading : IDisposable
    {
        private readonly PageReaders _readers;
        private readonly LinkedListNode<long> _node;

        internal Reading(PageReaders readers, LinkedListNode<long> node) => (_readers, _node) = (readers, node);

        /// <summary>The end.</summary>
        public void Dispose()
        {
            lock (_readers._lock)
            {
                _readers._reading.Remove(_node);
            }
        }
    }
}
