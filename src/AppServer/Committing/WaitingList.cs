namespace Mjolnir.AppServer.Committing;

/// <summary>The transactions whose callers wait, oldest first. Linked through the transactions themselves: an answered one is let go at once, not when its turn to expire comes.</summary>
internal sealed class WaitingList
{
    private Transaction? _last;

    public Transaction? Oldest { get; private set; }

    public int Count { get; private set; }

    public void Add(Transaction transaction)
    {
        (transaction.Before, transaction.After) = (_last, null);
        if (_last is null)
        {
            Oldest = transaction;
        }
        else
        {
            _last.After = transaction;
        }

        _last = transaction;
        Count++;
    }

    public void Remove(Transaction transaction)
    {
        if (transaction.Before is null && transaction != Oldest)
        {
            return;
        }

        if (transaction.Before is null)
        {
            Oldest = transaction.After;
        }
        else
        {
            transaction.Before.After = transaction.After;
        }

        if (transaction.After is null)
        {
            _last = transaction.Before;
        }
        else
        {
            transaction.After.Before = transaction.Before;
        }

        (transaction.Before, transaction.After) = (null, null);
        Count--;
    }
}
