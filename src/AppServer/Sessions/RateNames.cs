namespace Mjolnir.AppServer.Sessions;

/// <summary>Under which name is counted what somebody asks for.</summary>
internal static class RateNames
{
    /// <summary>The user; for whoever is not signed in the address, behind a line break, which no user's name has: nobody can sign up under a name that spends what an address may ask for.</summary>
    public static string Of(Session? session, string? address) => session is null ? "\n" + address : session.User;
}
