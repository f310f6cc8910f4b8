namespace Mjolnir.Storage.Objects;

/// <summary>An object that a snapshot names is gone: it was merged into a newer run and collected. Start over from a fresh snapshot; never "no row" (W7).</summary>
/// <param name="name">the object</param>
public sealed class CollectedObjectException(string name) : Exception($"The object {name} is gone.")
{
    /// <summary>The object.</summary>
    public string Name { get; } = name;
}
