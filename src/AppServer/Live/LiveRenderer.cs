using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Transactions;

namespace Mjolnir.AppServer.Live;

/// <summary>Renders views whose rows changed: few at once, each at most every so often, for as long as changes keep coming.</summary>
internal sealed class LiveRenderer(ITransactionRouter router, WatchedRows watched, TimeProvider time, HttpMetrics metrics, ILogger log, CancellationToken stopping)
{
    private readonly SemaphoreSlim _slots = new(AppServerLimits.LiveRendersAtOnce);

    public void Start(LiveView view) => _ = Task.Run(() => RunAsync(view), CancellationToken.None);

    private async Task RunAsync(LiveView view)
    {
        try
        {
            await RenderUntilQuietAsync(view);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            HttpLog.LiveEnded(log, "the server stops");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            HttpLog.LiveRenderFaulted(log, e);
            view.Break();
        }
    }

    private async Task RenderUntilQuietAsync(LiveView view)
    {
        var failures = 0;
        while (true)
        {
            var began = time.GetTimestamp();
            if (await RenderAsync(view))
            {
                failures = 0;
            }
            else if (++failures > AppServerLimits.LiveRenderRetries)
            {
                view.Break();
                return;
            }
            else if (view.IsEmpty)
            {
                return;
            }
            else
            {
                await Task.Delay(AppServerLimits.LiveRenderRetry, time, stopping);
                continue;
            }

            if (!view.IsDueAgain() || view.IsEmpty)
            {
                return;
            }

            await PaceAsync(began);
        }
    }

    /// <summary>False if rows could not be read just now.</summary>
    private async Task<bool> RenderAsync(LiveView view)
    {
        await _slots.WaitAsync(stopping);
        try
        {
            var changes = watched.Changes;
            Interlocked.Increment(ref metrics.LiveRenders);
            var rendered = await router.Any.RenderAsync(view.Application.Application, view.Page, view.User, stopping);
            if (rendered is null)
            {
                return false;
            }

            if (view.Take(rendered, watched, changes))
            {
                view.MarkChanged();
            }

            return true;
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>Not a wait for something but a pace: rows that change all the time are shown 40 times a second, not 10,000.</summary>
    private Task PaceAsync(long began)
    {
        var left = AppServerLimits.LiveRenderInterval - time.GetElapsedTime(began);
        return left > TimeSpan.Zero ? Task.Delay(left, time, stopping) : Task.CompletedTask;
    }
}
