using Mjolnir.AppServer.Committing;
using Mjolnir.Storage.Objects;
using Mjolnir.WriteBehind;

namespace Mjolnir.Simulation.Tests.Runs;

/// <summary>A rule of the protocol that a run does without, to see that the judge notices. None by default.</summary>
internal sealed record RuleSwitch
{
    public static RuleSwitch AllHold { get; } = new();

    /// <summary>The rules that can be switched off, by the names that docs/design/protocol.md gives them.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Enum.GetNames<SuspendedRule>().Skip(1), .. Enum.GetNames<SuspendedStoreRule>().Skip(1),
        nameof(SealWait), nameof(V9m), nameof(V15), nameof(V6), nameof(V8), nameof(V11), nameof(W2), nameof(W3), nameof(W7),
    ];

    /// <summary>A rule of the app server.</summary>
    public SuspendedRule Server { get; init; }

    /// <summary>A rule of the store.</summary>
    public SuspendedStoreRule Store { get; init; }

    /// <summary>The other half of V9 and V10: a seal marker is sent at once behind the unbinding.</summary>
    public bool SealWait { get; init; }

    /// <summary>A shard that refuses for memory is taken for one without room: what was there is not missed.</summary>
    public bool V9m { get; init; }

    /// <summary>Servers do not remember the outcomes of ids.</summary>
    public bool V15 { get; init; }

    /// <summary>A publisher whose channel broke binds its queue anew, as clients do that recover by themselves.</summary>
    public bool V11 { get; init; }

    /// <summary>Queues have ordinary consumers.</summary>
    public bool W2 { get; init; }

    /// <summary>An entry of a manifest is overwritten where its number is taken.</summary>
    public bool W3 { get; init; }

    /// <summary>Cache keys do not say which view gave the slot to the shard.</summary>
    public bool V6 { get; init; }

    /// <summary>The run chain is read before the manifests.</summary>
    public bool W7 { get; init; }

    /// <summary>Everybody's claim to open a view is granted.</summary>
    public bool V8 { get; init; }

    /// <summary>Objects that are overwritten where they must not be.</summary>
    public bool Overwrites(string name) =>
        (W3 && name.StartsWith("logs/", StringComparison.Ordinal))
        || (Store == SuspendedStoreRule.W5 && name.StartsWith(ObjectNames.RunChain, StringComparison.Ordinal))
        || (V8 && name.StartsWith(ObjectNames.Views, StringComparison.Ordinal) && name.EndsWith(".open", StringComparison.Ordinal));

    /// <summary>All but one rule.</summary>
    /// <exception cref="ArgumentException">there is no such rule</exception>
    public static RuleSwitch Without(string rule) => rule switch
    {
        nameof(SealWait) => new RuleSwitch { SealWait = true },
        nameof(V9m) => new RuleSwitch { V9m = true },
        nameof(V15) => new RuleSwitch { V15 = true },
        nameof(V11) => new RuleSwitch { V11 = true },
        nameof(W2) => new RuleSwitch { W2 = true },
        nameof(W3) => new RuleSwitch { W3 = true },
        nameof(V6) => new RuleSwitch { V6 = true },
        nameof(W7) => new RuleSwitch { W7 = true },
        nameof(V8) => new RuleSwitch { V8 = true },
        _ when Enum.TryParse<SuspendedStoreRule>(rule, out var store) => new RuleSwitch { Store = store },
        _ => new RuleSwitch { Server = Enum.Parse<SuspendedRule>(rule) },
    };
}
