namespace Mjolnir.Storage.Tests;

/// <summary>A folder of one test, removed when the test ends.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mjolnir-").FullName;

    public static implicit operator string(TemporaryFolder folder) => folder.Path;

    /// <summary>What a killed process would have left, had it been killed now.</summary>
    public TemporaryFolder Copy()
    {
        var copy = new TemporaryFolder();
        foreach (var folder in Directory.EnumerateDirectories(Path, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(folder.Replace(Path, copy.Path, StringComparison.Ordinal));
        }

        foreach (var file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories).Where(file => !IsLock(file)))
        {
            using var source = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[RandomAccess.GetLength(source)];
            RandomAccess.Read(source, bytes, 0);
            File.WriteAllBytes(file.Replace(Path, copy.Path, StringComparison.Ordinal), bytes);
        }

        return copy;
    }

    private static bool IsLock(string file) => System.IO.Path.GetFileName(file).Contains("lock", StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
