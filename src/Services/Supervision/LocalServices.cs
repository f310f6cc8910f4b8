namespace Mjolnir.Services.Supervision;

/// <summary>The servers that a cluster needs beside its own roles, as services to supervise.</summary>
public static class LocalServices
{
    /// <summary>A memcached.</summary>
    public static StartService Memcached(MemcachedServiceOptions options) => async (output, cancellationToken) =>
        new RunningMemcached(await MemcachedService.StartAsync(options with { Output = output }, cancellationToken));

    /// <summary>A RabbitMQ node.</summary>
    /// <param name="settings">its folder and port; the port must be given, so that it is the same after a restart</param>
    /// <param name="started">called when it is up, first and after each restart</param>
    public static StartService RabbitMq(RabbitMqSettings settings, Action<RabbitMqService> started) => async (output, cancellationToken) =>
    {
        var service = await RabbitMqService.StartAsync(settings with { Output = output }, cancellationToken);
        started(service);
        return new RunningRabbitMq(service);
    };

    /// <summary>Ceph's S3.</summary>
    /// <param name="options">its folder; it keeps its port there</param>
    /// <param name="started">called when it is up, first and after each restart</param>
    public static StartService Ceph(CephOptions options, Action<CephService> started) => async (output, cancellationToken) =>
    {
        var service = await CephService.StartAsync(options with { Output = output }, cancellationToken);
        started(service);
        return new RunningCeph(service);
    };

    private sealed class RunningMemcached(MemcachedService service) : IRunningService
    {
        public IReadOnlyList<int> ProcessIds => [service.Id];

        public Task Exited => service.Exited;

        public int? ExitCode => service.ExitCode;

        public Task StopAsync() => service.StopAsync();

        public ValueTask DisposeAsync() => service.DisposeAsync();
    }

    private sealed class RunningRabbitMq(RabbitMqService service) : IRunningService
    {
        public IReadOnlyList<int> ProcessIds { get; } = [service.ProcessId];

        public Task Exited => service.Exited;

        public int? ExitCode => null;

        public Task StopAsync() => service.StopAsync();

        public ValueTask DisposeAsync() => service.DisposeAsync();
    }

    private sealed class RunningCeph(CephService service) : IRunningService
    {
        public IReadOnlyList<int> ProcessIds => service.ProcessIds;

        // Asked once: its list of processes is empty when it has ended.
        public Task Exited { get; } = service.Exited;

        public int? ExitCode => null;

        public Task StopAsync() => service.StopAsync();

        public ValueTask DisposeAsync() => service.DisposeAsync();
    }
}
