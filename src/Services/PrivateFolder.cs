namespace Mjolnir.Services;

/// <summary>Folders of services: what lies in them are data, credentials, and what the services write of both in files of their own.</summary>
internal static class PrivateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes it if there is none, and takes it from everybody but its owner.</summary>
    public static void Create(string folder)
    {
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, OwnerOnly);
        }
    }
}
