using Mjolnir.Scripting.Applications;

namespace Mjolnir.AppServer.Http;

/// <summary>Holds the version of the application that is served: readers take an immutable snapshot, a reload replaces it whole.</summary>
public sealed class ApplicationSlot(Application first)
{
    private Application _current = first;

    /// <summary>The version served now.</summary>
    public Application Current => Volatile.Read(ref _current);

    /// <summary>Raised after each replacement, on the caller's thread.</summary>
    public event Action<Application>? Replaced;

    /// <summary>Serves another version from now on. Requests under way end in the one they began with.</summary>
    public void Replace(Application next)
    {
        Volatile.Write(ref _current, next);
        Replaced?.Invoke(next);
    }
}
