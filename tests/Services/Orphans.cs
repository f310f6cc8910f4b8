using System.Diagnostics;
using Mjolnir.Running;

namespace Mjolnir.Services.Tests;

/// <summary>kill -9 of a process that started services leaves none of their processes, grandchildren included.</summary>
public class Orphans
{
    /// <summary>The kernel kills at once; what children notice by a closed pipe takes a moment more.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("sh")]
    [InlineData("memcached")]
    [InlineData("rabbitmq")]
    [InlineData("ceph")]
    public async Task Are_not_left_by_a_killed_parent(string service)
    {
        using var folder = new TestFolder();
        using var parent = Start(service, folder.At("data"));
        var line = await parent.StandardOutput.ReadLineAsync();
        Assert.StartsWith("started ", line);
        var family = Descendants(parent.Id);
        Assert.NotEmpty(family);

        parent.Kill(entireProcessTree: false);
        await parent.WaitForExitAsync();

        await EventuallyAsync(() => family.All(HasEnded), () => $"still there: {string.Join(", ", family.Where(id => !HasEnded(id)).Select(Describe))}");
    }

    private static Process Start(string service, string folder)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Mjolnir.Parent.dll"));
        start.ArgumentList.Add(service);
        start.ArgumentList.Add(folder);
        return Process.Start(start)!;
    }

    /// <summary>Also those that made a session of their own: only the parent's id tells whose they are.</summary>
    private static List<int> Descendants(int parent)
    {
        var parents = Directory.EnumerateDirectories("/proc").Select(folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0).Where(id => id > 0)
            .Select(id => (Id: id, Stat: StatOf(id))).Where(each => each.Stat is not null).ToLookup(each => int.Parse(each.Stat![1]), each => each.Id);
        var found = new List<int>();
        for (var open = new Queue<int>([parent]); open.TryDequeue(out var next);)
        {
            found.AddRange(parents[next]);
            parents[next].ToList().ForEach(open.Enqueue);
        }

        return found;
    }

    /// <summary>A zombie has ended: whoever inherited it has not looked yet.</summary>
    private static bool HasEnded(int id) => StatOf(id) is not { } stat || stat[0] == "Z";

    /// <summary>State, parent, … of a process: what follows its name, which may hold anything.</summary>
    private static string[]? StatOf(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string Describe(int id) => $"{id} {(File.Exists($"/proc/{id}/cmdline") ? File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' ') : "")}";

    private static async Task EventuallyAsync(Func<bool> condition, Func<string> otherwise)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < Patience, otherwise());
            await Task.Delay(20);
        }
    }
}
