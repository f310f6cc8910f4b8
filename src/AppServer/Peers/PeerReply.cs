using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Peers;

/// <summary>What became of a call given to a link.</summary>
internal enum PeerOutcome
{
    /// <summary>The other server answered.</summary>
    Answered,

    /// <summary>The other server certainly did not run it: it never got there, or said so. It may run here.</summary>
    NotRun,

    /// <summary>It was sent, and nobody knows what became of it.</summary>
    Unknown,
}

/// <summary>A call's fate, with the answer if there is one.</summary>
internal readonly record struct PeerReply(PeerOutcome Outcome, TransactionAnswer? Answer)
{
    public static readonly PeerReply NotRun = new(PeerOutcome.NotRun, null);
    public static readonly PeerReply Unknown = new(PeerOutcome.Unknown, null);

    public static PeerReply Of(TransactionAnswer answer) => new(PeerOutcome.Answered, answer);
}
