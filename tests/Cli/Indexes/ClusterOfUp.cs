using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Indexes;

/// <summary>The processes of a cluster that <c>mjolnir up</c> runs on a data folder.</summary>
internal static class ClusterOfUp
{
    /// <summary>Kills a process of the cluster, as soon as it is there: the supervisor may be starting it again.</summary>
    /// <param name="data">the data folder of <c>up</c></param>
    /// <param name="name">the process's folder in it (<c>s1-app</c>)</param>
    public static async Task KillAsync(string data, string name)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; await Task.Delay(50))
        {
            try
            {
                if (RunningProcesses.With($"{data}/{name}/").FirstOrDefault() is { } running)
                {
                    using var process = Process.GetProcessById(running.Id);
                    process.Kill();
                    return;
                }
            }
            catch (ArgumentException)
            {
                // It has just ended by itself: the next one is meant.
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < IndexedClient.Patience, $"There is no {name}.");
        }
    }

    /// <summary>The app servers' addresses.</summary>
    public static List<Uri> Servers(string data) =>
        [.. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(data, "deployment.json"))).RootElement.GetProperty("Stacks").EnumerateArray().Select(stack => new Uri(stack.GetProperty("Server").GetString()!))];

    /// <summary>A port that nobody listens on.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
