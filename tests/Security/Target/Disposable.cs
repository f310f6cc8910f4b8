namespace Mjolnir.Security.Tests.Target;

/// <summary>A site of one test's own.</summary>
internal sealed class Disposable(Site site) : IAsyncDisposable
{
    public Site Site => site;

    public ValueTask DisposeAsync() => new(site.DisposeAsync());
}
