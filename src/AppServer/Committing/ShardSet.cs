using Mjolnir.Core.Keys;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Committing;

/// <summary>The shards as this server's present view has them. Lives on the lane.</summary>
internal sealed class ShardSet(IClusterViews views, string server, SuspendedRule suspended = SuspendedRule.None)
{
    private readonly SlotHome[] _homes = new SlotHome[Slots.Count];
    private Dictionary<ShardDescription, ShardLink> _links = [];
    private Dictionary<(ShardLink Link, long Since), SlotHome> _known = [];

    /// <summary>The view that transactions now run under; null before the first.</summary>
    public ClusterView? View { get; private set; }

    /// <summary>The newest view known to be open.</summary>
    public long Active { get; private set; }

    /// <summary>Operations sent to shards.</summary>
    public long Operations { get; private set; }

    /// <summary>Passes sent: each is a round trip to one shard.</summary>
    public long Passes { get; private set; }

    public SlotHome HomeOf(RowKey key) => _homes[Slots.Of(key)];

    /// <summary>From now on rows live where this view says. Homes of which nothing changed stay the same objects, so that what is remembered of their rows stays good.</summary>
    public void MoveTo(ClusterView view)
    {
        var links = new Dictionary<ShardDescription, ShardLink>();
        foreach (var shard in view.Shards)
        {
            links.Add(shard, _links.GetValueOrDefault(shard) ?? new ShardLink(shard, views.ConnectionTo(shard), shard.Name == server, Report, suspended));
        }

        var known = new Dictionary<(ShardLink, long), SlotHome>();
        foreach (var range in view.Slots)
        {
            var place = (links[view.Shards[range.Shard]], range.Since);
            if (!known.TryGetValue(place, out var home))
            {
                home = _known.GetValueOrDefault(place) ?? new SlotHome(place.Item1, place.Since);
                known.Add(place, home);
            }

            Array.Fill(_homes, home, range.First, range.Last - range.First + 1);
        }

        (_links, _known, View) = (links, known, view);
        Activate(Active);
    }

    /// <summary>Views up to this one are open.</summary>
    public void Activate(long view)
    {
        Active = Math.Max(Active, view);
        foreach (var home in _known.Values)
        {
            home.IsActive = home.Since <= Active;
        }
    }

    /// <summary>Reads a row at once, where its shard is in this process and known to be the view's; false: it takes a round trip.</summary>
    public bool TryGetNow(Cell cell, ShardOperation get)
    {
        var link = cell.Home.Link;
        if (!cell.Home.IsOpen || !link.AnswersAtOnce)
        {
            return false;
        }

        var pass = RunAsync(link, [get], CancellationToken.None);
        return pass.IsCompletedSuccessfully && get.Status == ShardStatus.Hit && link.AnswersAtOnce;
    }

    /// <summary>Runs operations on one shard, in order, as one pass.</summary>
    public ValueTask RunAsync(ShardLink link, IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken)
    {
        Passes++;
        Operations += pass.Count;
        return link.RunAsync(pass, cancellationToken);
    }

    /// <summary>Runs operations on all shards at once, one pipelined pass each.</summary>
    public async ValueTask RunAsync(IReadOnlyList<(ShardLink Link, ShardOperation Operation)> operations, CancellationToken cancellationToken)
    {
        var passes = new List<(ShardLink Link, List<ShardOperation> Pass)>();
        foreach (var (link, operation) in operations)
        {
            PassOf(passes, link, operations.Count).Add(operation);
        }

        var running = new ValueTask[passes.Count];
        for (var i = 0; i < running.Length; i++)
        {
            running[i] = RunAsync(passes[i].Link, passes[i].Pass, cancellationToken);
        }

        foreach (var pass in running)
        {
            await pass;
        }
    }

    private static List<ShardOperation> PassOf(List<(ShardLink Link, List<ShardOperation> Pass)> passes, ShardLink link, int capacity)
    {
        foreach (var (known, pass) in passes)
        {
            if (known == link)
            {
                return pass;
            }
        }

        var added = new List<ShardOperation>(capacity);
        passes.Add((link, added));
        return added;
    }

    private void Report(ShardLink link, string reason) => views.Report(link.Shard, reason);
}
