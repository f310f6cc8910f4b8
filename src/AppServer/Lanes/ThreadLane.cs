using System.Collections.Concurrent;

namespace Mjolnir.AppServer.Lanes;

/// <summary>A lane that is a thread. It sleeps without spinning (on few cores a spinning thread costs the one that works), and its stack is large because scripts recurse on it.</summary>
public sealed class ThreadLane : Lane
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
    public ThreadLane(string name, Action<Exception> fault)
    {
        _fault = fault;
        _thread = new Thread(Run, LaneLimits.StackBytes) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc/>
    public override bool HasEnded => _ended;

    /// <inheritdoc/>
    public override int Backlog => _queue.Count;

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
    public override void Dispose()
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
