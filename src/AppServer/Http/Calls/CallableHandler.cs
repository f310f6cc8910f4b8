using System.Collections.Frozen;
using Mjolnir.AppServer.Sessions;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Http.Calls;

/// <summary>A handler with its permissions worked out: roles become the users who have them.</summary>
internal sealed class CallableHandler
{
    private readonly FrozenSet<string> _users;
    private readonly FrozenSet<string> _pages;

    public CallableHandler(Handler handler, Application application)
    {
        Handler = handler;
        var roles = handler.Allow.Roles.SelectMany(role => application.Roles.TryGetValue(role, out var users) ? users : []);
        _users = handler.Allow.Users.Concat(roles).ToFrozenSet(StringComparer.Ordinal);
        _pages = handler.Pages.Append(handler.Page).Select(page => page.Path).ToFrozenSet(StringComparer.Ordinal);
        NotOnPage = new Refusal(400, $"The handler {handler.Name} is not called from this page.");
    }

    public Handler Handler { get; }

    public Refusal NotOnPage { get; }

    /// <summary>Null if the user may call it.</summary>
    public Refusal? Refuses(Session? session)
    {
        var allow = Handler.Allow;
        if (allow.Everyone)
        {
            return null;
        }

        if (session is null)
        {
            return Refusal.NotSignedIn;
        }

        return allow.SignedIn || _users.Contains(session.User) ? null : Refusal.NotAllowed;
    }

    public bool IsOn(Page page) => _pages.Contains(page.Path);
}
