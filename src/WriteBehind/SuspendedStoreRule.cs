namespace Mjolnir.WriteBehind;

/// <summary>
/// A rule of the store that is switched off, to prove that the simulation finds what it prevents (docs/design/simulation.md). In a product none ever is: only the tests' assemblies can say so.
/// </summary>
internal enum SuspendedStoreRule
{
    /// <summary>All rules hold.</summary>
    None,

    /// <summary>A worker reads the manifest before it is the active one, and puts its seal behind whatever stands there by then.</summary>
    W1,

    /// <summary>After the loss of a queue each log is cut for itself: what depends on the lost stays.</summary>
    W4,

    /// <summary>A merge takes what is above the stable cut too.</summary>
    W5,

    /// <summary>A merge drops tombstones.</summary>
    W9,
}
