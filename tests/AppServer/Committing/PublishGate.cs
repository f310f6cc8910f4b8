using Mjolnir.Core.Batches;

namespace Mjolnir.AppServer.Tests.Committing;

/// <summary>Holds the publishing of batches with records, of one server or all, until released.</summary>
internal sealed class PublishGate(string server = "")
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reached => _reached.Task;

    public async Task<PublishFate> Decide(Batch batch)
    {
        if (batch.Log.StartsWith(server, StringComparison.Ordinal))
        {
            _reached.TrySetResult();
            await _released.Task;
        }

        return PublishFate.Confirm;
    }

    public void Release() => _released.SetResult();
}
