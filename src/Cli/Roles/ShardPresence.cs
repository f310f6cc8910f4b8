using Mjolnir.Core.Views;

namespace Mjolnir.Cli.Roles;

/// <summary>
/// Notices that the memcached beside a server holds no slots: the keeper of the view cannot reach it, where the configuration says it is. The server goes on, as the others' shards serve all rows, so nobody else would
/// tell. From the timer of the beats only.
/// </summary>
/// <param name="name">the shard's name: the server's</param>
/// <param name="address">where all processes are to reach it</param>
/// <param name="time">the process's time</param>
/// <param name="tell">told in plain words, once each time that it is missing</param>
internal sealed class ShardPresence(string name, string address, TimeProvider time, Action<string> tell)
{
    private long _missingSince;
    private bool _isTold;

    /// <summary>Looks at the newest view that the server crossed to.</summary>
    public void Judge(ClusterView view)
    {
        if (view.Shards.Any(shard => shard.Name == name))
        {
            (_missingSince, _isTold) = (0, false);
        }
        else if (_missingSince == 0)
        {
            _missingSince = time.GetTimestamp();
        }
        else if (!_isTold && time.GetElapsedTime(_missingSince) > RoleLimits.ShardPatience)
        {
            _isTold = true;
            tell($"the memcached of this server, {address}, holds no slots: the keeper of the view has not reached it for {RoleLimits.ShardPatience.TotalSeconds:0} s. Is it running, and is Cache:Nodes its address for every server and worker? The other shards serve all rows meanwhile");
        }
    }
}
