using System.Text.Json.Nodes;

namespace Mjolnir.Browser.Tests.Client;

internal enum Transport
{
    Post,
    Socket,
}

/// <summary>A transaction that a page asked the fake server for, waiting for the test to answer it.</summary>
internal sealed class FakeCall(string handler, JsonObject message, Transport transport)
{
    private readonly TaskCompletionSource<JsonObject> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Handler { get; } = handler;

    public Transport Transport { get; } = transport;

    public JsonObject Message { get; } = message;

    /// <summary>The page's span: a header of a POST, a member over the WebSocket.</summary>
    public string? TraceParent { get; init; } = (string?)message["traceparent"];

    public string Id => (string)Message["id"]!;

    public JsonObject Inputs => Message["inputs"]!.AsObject();

    public JsonObject Globals => Message["globals"]!.AsObject();

    public Task<JsonObject> Answered => _answer.Task;

    /// <summary>The value of a field as it was shipped; null if it was not.</summary>
    public string? Value(string field) => (string?)Inputs[field]?["value"];

    public void Commit(JsonObject? changes = null, JsonNode? result = null, JsonObject? reads = null)
    {
        var answer = new JsonObject { ["status"] = "committed" };
        if (changes is not null) answer["changes"] = changes;
        if (result is not null) answer["result"] = result;
        if (reads is not null) answer["reads"] = reads;
        _answer.SetResult(answer);
    }

    public void CommitDom(params JsonArray[] steps) => Commit(new JsonObject { ["dom"] = new JsonArray([.. steps]) });

    public void Abort(string reason) => _answer.SetResult(new JsonObject { ["status"] = "aborted", ["reason"] = reason });

    public void Need(JsonObject inputs, params string[] globals) => _answer.SetResult(new JsonObject { ["status"] = "need", ["reads"] = Reads(inputs, globals) });

    public void Unknown() => _answer.SetResult(new JsonObject { ["status"] = "unknown" });

    public void Refuse(int code, string reason, int? retryAfter = null)
    {
        var answer = new JsonObject { ["status"] = "refused", ["code"] = code, ["reason"] = reason };
        if (retryAfter is not null) answer["retryAfter"] = retryAfter;
        _answer.SetResult(answer);
    }

    public static JsonObject Reads(JsonObject inputs, params string[] globals) =>
        new() { ["inputs"] = inputs, ["globals"] = new JsonArray([.. globals.Select(name => (JsonNode)name)]) };
}
