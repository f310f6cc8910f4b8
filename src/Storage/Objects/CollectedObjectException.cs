namespace Mjolnir.Storage.Objects;

/// <summary>An object that a snapshot names is gone: it was merged into a newer run and collected. Start over from a fresh snapshot; never "no row" (W7).</summary>
internal sealed class CollectedObjectException(string name) : Exception($"The object {name} is gone.")
{
    public string Name { get; } = name;
}
