using System.Diagnostics;
using System.Globalization;
using Mjolnir.Storage.Folders;

namespace Mjolnir.Storage.Tests.Folders;

public sealed class FolderLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_folder_in_use_is_refused_and_the_process_named()
    {
        using var held = FolderLock.Acquire(_folder);
        var refused = Assert.Throws<FolderInUseException>(() => FolderLock.Acquire(_folder));
        Assert.Equal(Environment.ProcessId, refused.ProcessId);
        Assert.Contains(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), refused.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.Path, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_released_folder_can_be_taken()
    {
        FolderLock.Acquire(_folder).Dispose();
        FolderLock.Acquire(_folder).Dispose();
    }

    [Fact]
    public void A_folder_that_is_not_there_is_made()
    {
        using var held = FolderLock.Acquire(Path.Combine(_folder, "new", "data"));
        Assert.True(Directory.Exists(Path.Combine(_folder, "new", "data")));
    }

    [Fact]
    public void Different_locks_of_one_folder_do_not_meet()
    {
        using var one = FolderLock.Acquire(_folder);
        using var other = FolderLock.Acquire(_folder, "other");
    }

    [Fact]
    public void The_lock_of_a_killed_process_is_free()
    {
        // util-linux' flock takes the same lock as the runtime does, in a process that can be killed.
        var path = Path.Combine(_folder, FolderLock.DefaultFile);
        if (!File.Exists("/usr/bin/flock"))
        {
            return;
        }

        using var holder = Process.Start(new ProcessStartInfo("/usr/bin/flock", ["--no-fork", path, "cat"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        holder.StandardInput.WriteLine("ready");
        holder.StandardInput.Flush();
        Assert.Equal("ready", holder.StandardOutput.ReadLine());
        Assert.Throws<FolderInUseException>(() => FolderLock.Acquire(_folder));
        holder.Kill();
        holder.WaitForExit();
        FolderLock.Acquire(_folder).Dispose();
    }

    public void Dispose() => _folder.Dispose();
}
