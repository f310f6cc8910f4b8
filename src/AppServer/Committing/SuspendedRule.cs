namespace Mjolnir.AppServer.Committing;

/// <summary>
/// A rule of the protocol that is switched off, to prove that the simulation finds what it prevents (docs/design/simulation.md). In a product none ever is: only the tests' assemblies can say so.
/// </summary>
internal enum SuspendedRule
{
    /// <summary>All rules hold.</summary>
    None,

    /// <summary>Invariant 3: a version of another log is built upon before it is durable.</summary>
    ForeignSight,

    /// <summary>A version that replaces another log's keeps no previous.</summary>
    V1,

    /// <summary>The label is looked at before the lease is taken.</summary>
    V2,

    /// <summary>Read-only transactions that read pending state are not validated.</summary>
    V3,

    /// <summary>Rows read and not written are not validated.</summary>
    V4,

    /// <summary>Nobody looks at labels.</summary>
    V5,

    /// <summary>An undo takes back what survivors wrote too.</summary>
    V5u,

    /// <summary>An install of which nobody knows counts as not done.</summary>
    V6u,

    /// <summary>An own version counts as found before its batch is confirmed.</summary>
    V7,

    /// <summary>An undo that could not be settled is given up, and the batch published.</summary>
    W8,

    /// <summary>A confirm counts however late it comes.</summary>
    V9,

    /// <summary>Answers leave however long ago the last confirmed message was sent.</summary>
    V10,

    /// <summary>A log is begun under the view that its server knows, without a look at the newest.</summary>
    V12,

    /// <summary>A batch whose publish had no confirm counts as not in the log, whatever the watermark says.</summary>
    V13,

    /// <summary>A row from the store is loaded without the stamp that it has there.</summary>
    V14,

    /// <summary>A void version is reloaded with manifests read before its seal.</summary>
    W6,

    /// <summary>A batch that failed waits for the logs that were faster before it takes back what it has installed.</summary>
    W10,
}
