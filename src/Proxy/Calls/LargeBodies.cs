namespace Mjolnir.Proxy.Calls;

/// <summary>Room for large bodies: few at once, so that however many come, and however slowly, the memory they take is bounded.</summary>
/// <param name="most">at once</param>
internal sealed class LargeBodies(int most)
{
    private int _count;

    /// <summary>False if there is no room; else <see cref="Leave"/> makes it again.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _count) <= most)
        {
            return true;
        }

        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _count);
}
