using Mjolnir.AppServer.Http;
using Mjolnir.Scripting.Pages;

namespace Mjolnir.AppServer.Live;

/// <summary>The live views there are, by page and user: made with their first connection, dropped with their last.</summary>
internal sealed class LiveViews(WatchedRows watched, LiveRenderer renderer)
{
    private readonly Dictionary<(Page Page, string? User), LiveView> _views = [];

    public LiveView Join(ServedApplication application, Page page, string? user, LiveConnection connection)
    {
        lock (_views)
        {
            if (_views.TryGetValue((page, user), out var view) && !view.IsBroken)
            {
                view.Add(connection);
                return view;
            }

            // Its connection comes first: a view that is rendered without one takes itself for left.
            view = new LiveView(application, page, user, renderer);
            view.Add(connection);
            _views[(page, user)] = view;
            view.MarkChanged();
            return view;
        }
    }

    public void Leave(LiveView view, LiveConnection connection)
    {
        lock (_views)
        {
            view.Remove(connection);
            if (!view.IsEmpty)
            {
                return;
            }

            view.Close(watched);
            if (_views.TryGetValue((view.Page, view.User), out var current) && current == view)
            {
                _views.Remove((view.Page, view.User));
            }
        }
    }
}
