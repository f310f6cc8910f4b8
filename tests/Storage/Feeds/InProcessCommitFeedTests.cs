using Mjolnir.Storage.Feeds;

namespace Mjolnir.Storage.Tests.Feeds;

public sealed class InProcessCommitFeedTests
{
    private readonly InProcessCommitFeed _feed = new();

    [Fact]
    public void Every_subscriber_hears_of_every_batch_in_order()
    {
        var (first, second) = (new List<long>(), new List<long>());
        using var one = _feed.Subscribe(notice => first.Add(notice.DurableBatch));
        using var two = _feed.Subscribe(notice => second.Add(notice.DurableBatch));
        Announce(1, 2, 3);
        Assert.Equal([1, 2, 3], first);
        Assert.Equal([1, 2, 3], second);
    }

    [Fact]
    public void A_disposed_subscription_hears_nothing_more()
    {
        var heard = new List<long>();
        var subscription = _feed.Subscribe(notice => heard.Add(notice.DurableBatch));
        Announce(1);
        subscription.Dispose();
        subscription.Dispose();
        Announce(2);
        Assert.Equal([1], heard);
    }

    [Fact]
    public void A_subscriber_may_leave_while_it_hears()
    {
        var heard = new List<long>();
        IDisposable? subscription = null;
        subscription = _feed.Subscribe(notice => { heard.Add(notice.DurableBatch); subscription!.Dispose(); });
        Announce(1, 2);
        Assert.Equal([1], heard);
    }

    [Fact]
    public void Subscribers_that_come_and_go_at_once_are_all_counted()
    {
        var heard = 0;
        var subscriptions = new IDisposable[200];
        Parallel.For(0, 200, i => subscriptions[i] = _feed.Subscribe(_ => Interlocked.Increment(ref heard)));
        Announce(1);
        Parallel.ForEach(subscriptions, subscription => subscription.Dispose());
        Announce(2);
        Assert.Equal(200, heard);
    }

    private void Announce(params long[] batches)
    {
        foreach (var batch in batches)
        {
            _feed.Announce(new CommitNotice("s1.1", batch, []));
        }
    }
}
