using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Http.Calls;

/// <summary>What a WebSocket message says it is. A POST says nothing and is a transaction.</summary>
internal enum MessageType
{
    Transaction,
    Page,
    Other,
}

/// <summary>A call as it came over the wire: slices of its bytes, each exactly one JSON value, or empty where nothing was sent.</summary>
internal struct CallMessage
{
    public MessageType Type;

    /// <summary>The first member that is not as it should be; null if all are.</summary>
    public string? Fault;

    /// <summary>The id as a JSON string, to be given back as it came.</summary>
    public ReadOnlyMemory<byte> IdJson;

    /// <summary>The client's number as JSON, to be given back as it came.</summary>
    public ReadOnlyMemory<byte> NumberJson;

    public string? Id;

    public CallableHandler? Handler;

    public ReadOnlyMemory<byte> Args;

    public ReadOnlyMemory<byte> Inputs;

    public ReadOnlyMemory<byte> Globals;

    public ReadOnlyMemory<byte> Event;

    public bool Partial;

    /// <summary>The page named; null if none was, or if it is none of ours (then <see cref="UnknownPage"/>).</summary>
    public Page? Page;

    public bool UnknownPage;

    /// <summary>The browser's span over a WebSocket, which has no headers for each message; not read while nothing is traced.</summary>
    public string? TraceParent;
}
