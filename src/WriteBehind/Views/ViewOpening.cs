using System.Text;
using Mjolnir.Core.Views;
using Mjolnir.Storage.Registry;
using Mjolnir.Storage.Shards;

namespace Mjolnir.WriteBehind.Views;

/// <summary>The way of one view from being made to being active. What it has come to is forgotten when a higher view is made: a view is never opened twice (V8).</summary>
internal sealed class ViewOpening(ClusterView view)
{
    /// <summary>The view.</summary>
    public ClusterView View => view;

    /// <summary>The logs that were live after the view was made: each must have crossed or be sealed, and be stored so far. Null until they were listed (V12).</summary>
    public IReadOnlyList<string>? Logs { get; set; }

    /// <summary>The walk of <see cref="WalkAsync"/>, once begun; ends with what went wrong, or null.</summary>
    public Task<string?>? Walk { get; set; }

    /// <summary>The shards that kept the view from being opened, once <see cref="Walk"/> has ended.</summary>
    public IReadOnlyList<ShardDescription> Unopened { get; private set; } = [];

    /// <summary>
    /// Opens the view; everything before is drained into the store.
    /// <code>
    /// 1 claim the opening: create-if-absent, and with an id of this walk alone, so that not even this process claims twice (V8)
    /// 2 empty and label the shards whose label nobody has used yet, and look that they bear it; no other shard is touched
    /// 3 mark the view active
    /// </code>
    /// </summary>
    /// <param name="registry">where it is claimed and marked</param>
    /// <param name="claim">random id of this walk</param>
    /// <param name="shards">the shards to empty, with their descriptions</param>
    /// <param name="cancellationToken">ends it; the view is then never opened</param>
    /// <returns>what went wrong: a higher view must be made. Null: the view is active</returns>
    public async Task<string?> WalkAsync(
        ClusterRegistry registry, string claim, IReadOnlyList<(ShardDescription Description, IShardConnection Connection)> shards, CancellationToken cancellationToken)
    {
        if (!await registry.ClaimOpeningAsync(view.Number, claim, cancellationToken))
        {
            return "somebody else claimed the opening";
        }

        var opened = await Task.WhenAll(shards.Select(shard => OpenAsync(shard.Description, shard.Connection, cancellationToken)));
        if (opened.Any(fault => fault is not null))
        {
            Unopened = [.. shards.Zip(opened).Where(shard => shard.Second is not null).Select(shard => shard.First.Description)];
            return string.Join(" ", opened.Where(fault => fault is not null));
        }

        await registry.MarkActiveAsync(view.Number, cancellationToken);
        return null;
    }

    /// <summary>Empties and labels one shard; gives what went wrong.</summary>
    private static async Task<string?> OpenAsync(ShardDescription description, IShardConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await connection.OpenAsync(description.Label, cancellationToken);
        }
        catch (ShardUnavailableException fault)
        {
            return fault.Message;
        }

        var label = new ShardOperation { Verb = ShardVerb.Get, CacheKey = IShardConnection.LabelKey };
        await connection.RunAsync([label], cancellationToken);
        return label.Status == ShardStatus.Hit && Encoding.UTF8.GetString(label.Value.Span) == description.Label
            ? null
            : $"The shard {description.Name} does not bear its label after opening.";
    }
}
