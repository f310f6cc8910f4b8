using System.Text;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Shards;

namespace Mjolnir.AppServer.Committing;

/// <summary>A shard bears another label than the view says, or none: it lost its memory, and nothing in it can be trusted until a new view is open.</summary>
internal sealed class ShardChangedException(string shard) : Exception($"Shard {shard} lost its memory; its rows wait for a new view.");

/// <summary>One shard under one label, seen from one server. A shard that gets a new label is another link. Lives on the lane.</summary>
internal sealed class ShardLink(ShardDescription shard, IShardConnection connection, bool isBeside, Action<ShardLink, string> distrusted, SuspendedRule suspended)
{
    private readonly byte[] _label = Encoding.UTF8.GetBytes(shard.Label);
    private long _confirmed = -1;

    public ShardDescription Shard { get; } = shard;

    /// <summary>The shard of this server's own V-stack.</summary>
    public bool IsBeside { get; } = isBeside;

    /// <summary>False once the shard was found without its label, or refused for memory: whatever it answers is not believed; the next view gives it another label.</summary>
    public bool IsTrusted { get; private set; } = true;

    public long Incarnation => connection.Incarnation;

    /// <summary>False while a pass would wait for a connection.</summary>
    public bool IsConnected => connection.IsConnected;

    /// <summary>True while a pass ends before it returns and nothing needs to be checked first.</summary>
    public bool AnswersAtOnce => connection.AnswersAtOnce && IsTrusted && _confirmed == connection.Incarnation;

    /// <summary>Rows to be asked for in the next pass of loads.</summary>
    public List<Cell> Wanted { get; } = [];

    /// <summary>A walk of loads is under way: it takes what is wanted meanwhile.</summary>
    public bool IsLoading { get; set; }

    /// <summary>Runs a pass. The connection to a shard that has left the view may be closed under what is still on its way there: as if it had ended.</summary>
    public async ValueTask RunAsync(IReadOnlyList<ShardOperation> pass, CancellationToken cancellationToken)
    {
        try
        {
            await connection.RunAsync(pass, cancellationToken);
        }
        catch (ObjectDisposedException)
        {
            foreach (var operation in pass)
            {
                operation.Status = ShardStatus.Unknown;
            }
        }
    }

    /// <summary>
    /// The question for the label, to be sent behind what it shall prove, in one pass: on one connection, in order, the label is read after the lease was taken and after the row
    /// was read, so a shard that lost its memory before cannot pass for the old one (V2, V5).
    /// </summary>
    public static ShardOperation LabelQuestion() => new() { Verb = ShardVerb.Get, CacheKey = IShardConnection.LabelKey };

    /// <summary>True: the pass before this question was answered by the shard that the view describes. False: nobody knows, the connection ended.</summary>
    /// <param name="label">the question, answered</param>
    /// <param name="incarnation">the connection's incarnation before the pass was sent: if it ran under a later one, what it gave counts as of the earlier and is dropped</param>
    /// <exception cref="ShardChangedException">another shard answered, or one without memory</exception>
    public bool Confirms(ShardOperation label, long incarnation)
    {
        if (label.Status == ShardStatus.Unknown)
        {
            return false;
        }

        if (suspended != SuspendedRule.V5 && (label.Status != ShardStatus.Hit || !label.Value.Span.SequenceEqual(_label)))
        {
            Distrust(label.Status == ShardStatus.Hit ? "It bears another label." : "It has no label.");
        }

        if (!IsTrusted)
        {
            throw new ShardChangedException(Shard.Name);
        }

        _confirmed = incarnation;
        return true;
    }

    /// <summary>Believes nothing of this shard any more and says so, once.</summary>
    public void Distrust(string reason)
    {
        if (IsTrusted)
        {
            IsTrusted = false;
            distrusted(this, reason);
        }
    }

    /// <summary>
    /// The shard refused for memory: an item may be gone of which the store knows only an older version. Its label is taken away, so that no other server believes a miss there
    /// either, however late it hears of it (V9m).
    /// </summary>
    public async ValueTask DisownAsync(CancellationToken cancellationToken)
    {
        var label = LabelQuestion();
        await connection.RunAsync([label], cancellationToken);
        if (label.Status == ShardStatus.Hit && label.Value.Span.SequenceEqual(_label))
        {
            await connection.RunAsync([new ShardOperation { Verb = ShardVerb.CompareAndDelete, CacheKey = IShardConnection.LabelKey, Token = label.Token }], cancellationToken);
        }

        Distrust("It refused for memory.");
    }
}

/// <summary>Where rows of some slots live: a shard under its label, and the view that gave it those slots. The same object for as long as neither changes.</summary>
internal sealed class SlotHome(ShardLink link, long since)
{
    public ShardLink Link { get; } = link;

    /// <summary>The view that gave the slots to the shard: the prefix of their cache keys (V6).</summary>
    public long Since { get; } = since;

    /// <summary>That view is open.</summary>
    public bool IsActive { get; set; }

    /// <summary>False: the rows wait, until the view is open or another one is made.</summary>
    public bool IsOpen => IsActive && Link.IsTrusted;
}
