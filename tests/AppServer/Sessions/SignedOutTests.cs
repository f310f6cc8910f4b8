using Mjolnir.AppServer.Sessions;

namespace Mjolnir.AppServer.Tests.Sessions;

/// <summary>The row that says which sessions of a user have ended.</summary>
public sealed class SignedOutTests
{
    private const long Now = 1_900_000_000;

    private static readonly long Life = (long)AppServerLimits.SessionLife.TotalSeconds;

    [Fact]
    public void A_row_is_written_and_read_as_it_is()
    {
        var row = SignedOut.None.With("0a", Now).ToRow();

        Assert.Equal($$$"""{"before":0,"ended":{"0a":{{{Now + Life}}}}}""", row.ToString());
        Assert.Equal(row.ToString(), SignedOut.Read(row).ToRow().ToString());
        Assert.Same(SignedOut.None, SignedOut.Read(null));
    }

    [Fact]
    public void What_has_expired_by_itself_is_left_out()
    {
        var ended = SignedOut.None.With("old", Now).With("new", Now + Life);

        Assert.Equal(["new"], ended.Sessions.Keys);
    }

    [Fact]
    public void However_many_there_are_none_comes_back_the_row_stays_small_and_a_later_sign_in_holds()
    {
        var ended = SignedOut.None;
        var sessions = new List<Session>();
        for (var i = 0; i < 5 * AppServerLimits.EndedSessionsPerUser; i++)
        {
            var now = Now + (i / 7);
            var session = new Session("alice", $"id{i}", now, now + Life);
            sessions.Add(session);
            ended = ended.With(session.Id, now);

            Assert.InRange(ended.Sessions.Count, 1, AppServerLimits.EndedSessionsPerUser);
        }

        Assert.All(sessions, session => Assert.True(ended.Has(session)));
        var last = sessions[^1].Issued;
        Assert.False(ended.Has(new Session("alice", "other", last, last + Life)));
    }
}
