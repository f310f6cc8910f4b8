using System.Collections.Concurrent;
using System.Diagnostics;
using Mjolnir.Running;
using Mjolnir.Services.Supervision;

namespace Mjolnir.Services.Tests.Supervision;

/// <summary>Supervision of real, small child processes.</summary>
public sealed class Supervised_services : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TestFolder _folder = new();
    private readonly ConcurrentQueue<string> _lines = [];
    private readonly ConcurrentQueue<string> _told = [];
    private readonly List<SupervisedService> _services = [];

    [Fact]
    public async Task A_program_is_ready_when_it_says_so()
    {
        var service = Supervise("echo starting; echo up; exec sleep 1000");

        await service.StartAsync(CancellationToken.None);

        Assert.Equal((ServiceState.Ready, 0, "up"), (service.Status.State, service.Status.Restarts, service.Status.LastLine));
        Assert.Equal(["starting", "up"], _lines);
        Assert.Single(service.Status.ProcessIds);
    }

    [Fact]
    public async Task One_that_is_killed_is_started_again_under_another_process_id()
    {
        var service = Supervise("echo up; exec sleep 1000");
        await service.StartAsync(CancellationToken.None);
        var first = service.Status.ProcessIds[0];

        Assert.True(Signals.Send(first, 9));

        await EventuallyAsync(() => service.Status is { State: ServiceState.Ready, Restarts: 1 });
        Assert.NotEqual(first, service.Status.ProcessIds[0]);
        Assert.Contains(_told, line => line.StartsWith("ended with exit code 137; starting it again", StringComparison.Ordinal));
        Assert.Contains("is ready again", _told);
    }

    [Fact]
    public async Task One_that_ends_at_once_again_and_again_waits_longer_each_time_and_is_shown_as_failing()
    {
        // Up the first time; afterwards it ends before it is ready, and says why.
        var service = Supervise($"if [ -e {_folder.At("once")} ]; then echo the disk is gone; exit 3; fi; touch {_folder.At("once")}; echo up; sleep 0.05");

        await service.StartAsync(CancellationToken.None);
        await EventuallyAsync(() => service.Status.State == ServiceState.Failing);

        Assert.Contains("ended with exit code 3 before it was ready", service.Status.LastLine);
        Assert.Contains("the disk is gone", service.Status.LastLine);
        var pauses = _told.Select(line => line[(line.LastIndexOf("again in ", StringComparison.Ordinal) + 9)..].Split(' ')[0]).Take(4);
        Assert.Equal(["0.25", "0.5", "1", "2"], pauses);
    }

    [Fact]
    public async Task One_that_does_not_come_up_the_first_time_fails_with_its_last_lines_and_is_not_tried_again()
    {
        var service = Supervise("echo wrong password >&2; exit 1");

        var failure = await Assert.ThrowsAsync<ServiceFailedException>(() => service.StartAsync(CancellationToken.None));

        Assert.Contains("ended with exit code 1 before it was ready", failure.Message);
        Assert.Contains("wrong password", failure.Message);
        Assert.Equal((ServiceState.Stopped, 0), (service.Status.State, service.Status.Restarts));
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named()
    {
        var service = Supervise(new ServiceCommand("/nowhere/mjolnir", []));

        var failure = await Assert.ThrowsAsync<ServiceFailedException>(() => service.StartAsync(CancellationToken.None));

        Assert.Contains("there is no program /nowhere/mjolnir", failure.Message);
    }

    [Fact]
    public async Task A_stop_asks_first_and_is_not_taken_for_an_end()
    {
        var service = Supervise($"trap 'echo bye > {_folder.At("bye")}; exit 0' TERM; echo up; while :; do sleep 0.02; done");
        await service.StartAsync(CancellationToken.None);

        await service.StopAsync();

        Assert.True(File.Exists(_folder.At("bye")));
        Assert.Equal((ServiceState.Stopped, 0), (service.Status.State, service.Status.Restarts));
        Assert.Empty(_told);
    }

    [Fact]
    public async Task One_that_does_not_listen_is_ended_all_the_same()
    {
        var service = Supervise("trap '' TERM; echo up; while :; do sleep 0.02; done");
        await service.StartAsync(CancellationToken.None);
        var process = service.Status.ProcessIds[0];

        await service.StopAsync();

        Assert.False(Signals.Send(process, 0));
    }

    [Fact]
    public async Task A_stop_between_two_tries_ends_it()
    {
        var service = Supervise("echo up; exit 0");
        await service.StartAsync(CancellationToken.None);
        await EventuallyAsync(() => service.Status.Restarts >= 2);

        await service.StopAsync();

        Assert.Equal(ServiceState.Stopped, service.Status.State);
        Assert.Empty(service.Status.ProcessIds);
    }

    [Fact]
    public async Task One_that_may_end_is_not_started_again()
    {
        var service = Supervise($"echo up; while [ ! -e {_folder.At("leave")} ]; do sleep 0.02; done");
        await service.StartAsync(CancellationToken.None);

        service.LetEnd();
        File.WriteAllText(_folder.At("leave"), "");
        await service.Ended.WaitAsync(Patience);

        Assert.Equal((ServiceState.Stopped, 0), (service.Status.State, service.Status.Restarts));
    }

    [Fact]
    public async Task A_child_is_in_a_session_of_its_own_so_that_a_terminal_does_not_interrupt_it()
    {
        var service = Supervise("echo up; exec sleep 1000");
        await service.StartAsync(CancellationToken.None);
        var stat = await File.ReadAllTextAsync($"/proc/{service.Status.ProcessIds[0]}/stat");

        // Behind the name: state, parent, process group, session.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');

        Assert.Equal(($"{service.Status.ProcessIds[0]}", $"{service.Status.ProcessIds[0]}"), (fields[2], fields[3]));
    }

    [Fact]
    public async Task Variables_that_are_not_for_it_are_not_handed_on()
    {
        Environment.SetEnvironmentVariable("MjolnirTest__Left", "out");
        var service = Supervise(new ServiceCommand("/bin/sh", ["-c", "echo \"[$MjolnirTest__Left][$Given]\"; echo up; exec sleep 1000"])
        {
            Environment = new Dictionary<string, string> { ["Given"] = "yes" },
            EnvironmentWithout = "MjolnirTest__",
        });

        await service.StartAsync(CancellationToken.None);

        Assert.Contains("[][yes]", _lines);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services)
        {
            await service.StopAsync();
        }

        _folder.Dispose();
    }

    private SupervisedService Supervise(string script) => Supervise(new ServiceCommand("/bin/sh", ["-c", script]));

    private SupervisedService Supervise(ServiceCommand command)
    {
        var start = ProgramService.Of("the child", command, line => line == "up", TimeSpan.FromSeconds(1), TimeProvider.System);
        var service = new SupervisedService("child", start, _lines.Enqueue, _told.Enqueue, TimeProvider.System);
        _services.Add(service);
        return service;
    }

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < Patience, "It did not happen.");
            await Task.Delay(10);
        }
    }
}
