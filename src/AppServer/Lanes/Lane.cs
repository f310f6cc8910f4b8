using System.Collections.Concurrent;

namespace Mjolnir.AppServer.Lanes;

/// <summary>
/// The one thread on which all protocol state of an app server lives: no locks, and one order of events. Code awaits on it as usual; continuations come back
/// through <see cref="Post"/>. It sleeps without spinning (on few cores a spinning thread costs the one that works), and its stack is
/// large because scripts recurse on it.
/// </summary>
public sealed class Lane : SynchronizationContext, IDisposable
{
    private readonly ConcurrentQueue<(SendOrPostCallback Callback, object? State)> _queue = new();
    private readonly object _gate = new();
    private readonly Thread _thread;
    private readonly Action<Exception> _fault;
    private volatile bool _sleeping;
    private volatile bool _stopping;
    private volatile bool _ended;

    /// <summary>Starts the lane.</summary>
    /// <param name="name">thread name</param>
    /// <param name="fault">told of an exception that reached the lane: a broken invariant. The lane stops: nothing runs on broken state</param>
    public Lane(string name, Action<Exception> fault)
    {
        _fault = fault;
        _thread = new Thread(Run, LaneLimits.StackBytes) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>True once nothing that is posted will ever run.</summary>
    public bool HasEnded => _ended;

    /// <summary>Callbacks waiting.</summary>
    public int Backlog => _queue.Count;

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state)
    {
        _queue.Enqueue((d, state));
        Interlocked.MemoryBarrier();
        if (_sleeping)
        {
            lock (_gate)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("A lane is never waited for.");

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Ends the thread after what is queued; callbacks posted later never run.</summary>
    public void Dispose()
    {
        _stopping = true;
        lock (_gate)
        {
            Monitor.Pulse(_gate);
        }

        if (Thread.CurrentThread != _thread)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        SetSynchronizationContext(this);
        try
        {
            do
            {
                while (_queue.TryDequeue(out var next))
                {
                    next.Callback(next.State);
                }
            }
            while (Sleep());
        }
        catch (Exception exception)
        {
            _fault(exception);
        }
        finally
        {
            _ended = true;
        }
    }

    private bool Sleep()
    {
        lock (_gate)
        {
            _sleeping = true;
            Interlocked.MemoryBarrier();
            if (_queue.IsEmpty)
            {
                if (_stopping)
                {
                    return false;
                }

                Monitor.Wait(_gate);
            }

            _sleeping = false;
            return true;
        }
    }
}
