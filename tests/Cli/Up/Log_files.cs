using Mjolnir.Cli.Up;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Up;

public sealed class Log_files : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public void Each_process_has_its_own_with_the_time_before_each_line()
    {
        using (var logs = new LogFiles(new UpFolder(_folder.Path), TimeProvider.System))
        {
            logs.Add("s1 app", "one");
            logs.Add("s2 app", "two");
            logs.Add("s1 app", "three");
        }

        Assert.Equal(["one", "three"], File.ReadLines(_folder.At("logs", "s1-app.log")).Select(line => line[(line.IndexOf(' ') + 1)..]));
        Assert.EndsWith("Z two", File.ReadAllText(_folder.At("logs", "s2-app.log")).TrimEnd());
    }

    [Fact]
    public void A_full_one_is_set_aside_and_no_line_is_lost()
    {
        var line = new string('x', UpLimits.LineLength);
        var lines = (int)(UpLimits.LogFileBytes / line.Length) + 10;
        using (var logs = new LogFiles(new UpFolder(_folder.Path), TimeProvider.System))
        {
            for (var number = 0; number < lines; number++)
            {
                logs.Add("proxy", line);
            }
        }

        var (file, aside) = (_folder.At("logs", "proxy.log"), _folder.At("logs", "proxy.log.1"));
        Assert.Equal(lines, File.ReadLines(file).Count() + File.ReadLines(aside).Count());
        Assert.True(new FileInfo(aside).Length <= UpLimits.LogFileBytes);
    }

    public void Dispose() => _folder.Dispose();
}
