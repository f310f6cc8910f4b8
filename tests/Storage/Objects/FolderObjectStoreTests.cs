using Mjolnir.Storage.Objects;

namespace Mjolnir.Storage.Tests.Objects;

public sealed class FolderObjectStoreTests : ObjectStoreContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private FolderObjectStore _store;

    public FolderObjectStoreTests() => _store = new FolderObjectStore(_folder);

    protected override IObjectStore Store => _store;

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("./a")]
    [InlineData(".aside/1")]
    [InlineData("a\\b")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    [InlineData("ä")]
    public async Task A_name_that_could_leave_the_folder_is_refused(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => CreateAsync(name, "x"));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.GetAsync(name, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.DeleteAsync(name, CancellationToken.None));
    }

    [Fact]
    public async Task A_name_longer_than_a_file_system_takes_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => CreateAsync(new string('a', 256), "x"));

    [Theory]
    [InlineData("../")]
    [InlineData("a/../../")]
    [InlineData(".aside/")]
    public async Task A_list_never_leaves_the_folder(string prefix)
    {
        await CreateAsync("a/b", "x");
        Assert.Empty(await ListAsync(prefix));
    }

    [Fact]
    public async Task What_a_writer_that_died_left_aside_is_removed_and_was_never_listed()
    {
        await CreateAsync("a", "x");
        var aside = Directory.GetDirectories(_folder, ".aside").Single();
        await File.WriteAllTextAsync(Path.Combine(aside, "7"), "half an obj");
        Assert.Equal(["a"], await ListAsync(""));
        _store = new FolderObjectStore(_folder);
        Assert.Empty(Directory.GetFiles(aside));
        Assert.Equal("x", await GetAsync("a"));
    }

    [Fact]
    public async Task Nothing_stays_aside_after_a_create_or_a_lost_race()
    {
        await CreateAsync("a/b", "x");
        await CreateAsync("a/b", "y");
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, ".aside")));
    }

    [Fact]
    public async Task A_disk_that_refuses_is_a_store_that_is_unavailable()
    {
        await CreateAsync("a", "x");
        // A file where a folder is needed stands for every refusal of the file system.
        await Assert.ThrowsAsync<StoreUnavailableException>(() => CreateAsync("a/b", "y"));
        Assert.Equal(["a"], await ListAsync(""));
    }

    [Fact]
    public async Task Objects_survive_a_restart()
    {
        await CreateAsync("logs/s1.1/entries/0000000001.gz", "{}");
        _store = new FolderObjectStore(_folder);
        Assert.Equal("{}", await GetAsync("logs/s1.1/entries/0000000001.gz"));
    }

    public void Dispose() => _folder.Dispose();
}
