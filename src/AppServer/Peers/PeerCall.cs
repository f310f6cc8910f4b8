using Mjolnir.AppServer.Transactions;
using Mjolnir.Scripting.Engine;

namespace Mjolnir.AppServer.Peers;

/// <summary>A call as another server sent it: names, which mean something only in the same version of the same application.</summary>
internal sealed record PeerCall
{
    /// <summary>The sender's number for it.</summary>
    public required long Number { get; init; }

    public required CallPassage Passage { get; init; }

    public required string Application { get; init; }

    public required string Version { get; init; }

    public required string Handler { get; init; }

    public string? User { get; init; }

    public string? Id { get; init; }

    public string? Page { get; init; }

    public bool Partial { get; init; }

    public bool WantsKeys { get; init; }

    /// <summary>W3C context of the sender's span; null if it is not traced.</summary>
    public string? Trace { get; init; }

    public ReadOnlyMemory<byte> Args { get; init; }

    public ReadOnlyMemory<byte> Inputs { get; init; }

    public ReadOnlyMemory<byte> Globals { get; init; }

    public ReadOnlyMemory<byte> Event { get; init; }

    public TransactionSeed Seed { get; init; }

    public static PeerCall Of(long number, TransactionCall call, CallPassage passage, bool wantsKeys) => new()
    {
        Number = number,
        Passage = passage,
        Application = call.Run.Application.Name,
        Version = call.Run.Application.Version,
        Handler = call.Run.Handler.Name,
        User = call.Run.User,
        Id = call.Id,
        Page = call.Run.Page,
        Partial = call.Run.Partial,
        WantsKeys = wantsKeys,
        Trace = call.Trace,
        Args = call.Run.Args,
        Inputs = call.Run.Inputs,
        Globals = call.Run.Globals,
        Event = call.Run.Event,
        Seed = call.Run.Seed,
    };
}
