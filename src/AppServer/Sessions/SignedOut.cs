using System.Buffers;
using System.Text.Json;
using Mjolnir.Core.Documents;

namespace Mjolnir.AppServer.Sessions;

/// <summary>
/// The row <c>app/_ended/USER</c>: which sessions of a user have ended before their time. <c>{"before":SECONDS,"ended":{"ID":SECONDS}}</c>: cookies made before the first, and those of these sessions, are nobody's;
/// the number beside an id is when the last of its cookies expires, after which it is left out. One row per user, so that nothing piles up.
/// </summary>
/// <param name="Before">Unix seconds; 0: none</param>
/// <param name="Sessions">ids, each with the Unix seconds of its end</param>
internal sealed record SignedOut(long Before, IReadOnlyDictionary<string, long> Sessions)
{
    /// <summary>Table of these rows; no application can name it. Not longer than that of users' records: who has the one has room for the other.</summary>
    public const string Table = "_ended";

    public static readonly SignedOut None = new(0, new Dictionary<string, long>());

    public bool Has(Session session) => session.Issued < Before || Sessions.ContainsKey(session.Id);

    /// <summary>With one more, without those whose cookies have expired. When there are too many, one number stands for all that were before this second.</summary>
    public SignedOut With(string id, long now)
    {
        var life = (long)AppServerLimits.SessionLife.TotalSeconds;
        var kept = Sessions.Where(entry => entry.Value > now).ToDictionary(StringComparer.Ordinal);
        var before = Before;
        if (kept.Count >= AppServerLimits.EndedSessionsPerUser)
        {
            // What ended in this very second was not made before it, so it stays listed.
            kept = kept.Where(entry => entry.Value >= now + life).ToDictionary(StringComparer.Ordinal);
            before = now;
        }

        kept[id] = now + life;
        return new SignedOut(before, kept);
    }

    public static SignedOut Read(Document? row)
    {
        if (row is null)
        {
            return None;
        }

        using var json = JsonDocument.Parse(row.Utf8);
        var ended = json.RootElement.GetProperty("ended").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetInt64(), StringComparer.Ordinal);
        return new SignedOut(json.RootElement.GetProperty("before").GetInt64(), ended);
    }

    public Document ToRow()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("before", Before);
            json.WriteStartObject("ended");
            foreach (var (id, until) in Sessions)
            {
                json.WriteNumber(id, until);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return new Document(buffer.WrittenSpan.ToArray());
    }
}
