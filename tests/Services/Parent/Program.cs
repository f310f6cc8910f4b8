using Mjolnir.Services;
using Mjolnir.Services.Supervision;

// Starts one service as the product does, says which processes it has, and waits to be killed: tests of what is left then.
var folder = args[1];
StartService start = args[0] switch
{
    "memcached" => LocalServices.Memcached(new MemcachedServiceOptions { Port = Programs.FreePorts(1)[0] }),
    "rabbitmq" => LocalServices.RabbitMq(new RabbitMqSettings(folder) { Port = Programs.FreePorts(1)[0] }, _ => { }),
    "ceph" => LocalServices.Ceph(new CephOptions(folder), _ => { }),
    _ => ProgramService.Of("sh", new ServiceCommand("/bin/sh", ["-c", "echo up; exec sleep 1000"]), line => line == "up", TimeSpan.FromSeconds(1), TimeProvider.System),
};
await using var service = await start(_ => { }, CancellationToken.None);
Console.WriteLine($"started {string.Join(' ', service.ProcessIds)}");
await Task.Delay(Timeout.Infinite);
