using System.Diagnostics;
using Mjolnir.Running;

namespace Mjolnir.Cli.Tests.Transfer;

/// <summary>What samples/catalog makes of a list of packages.</summary>
public sealed class Packages_of_the_catalog : IDisposable
{
    private const string Listed = """
        Package: xpdf
        Version: 3.04+git20220601-1+b2
        Installed-Size: 478
        Maintainer: Debian QA Group <packages@qa.debian.org>
        Architecture: amd64
        Depends: libc6 (>= 2.34)
        Recommends: bare (>= 2.34), quotes:any | other, quotes
        Suggests: bare
        Description: Portable Document Format (PDF) reader
         Its long text, Section: no section of its own.
        Description-md5: cfe9d5e3a1f3f8c7c5fb8d1d2bd1a0ae
        Tag: interface::x11, role::program
        Section: text
        Priority: optional
        Size: 157272

        Package: quotes
        Maintainer: Zoë "Z" O'Neil <z@example.org>
        Description-en: 5" disks,	back\slash & more: é – 漢
        Section: contrib/utils
        Priority: extra
        Size: 7
        Recommends: bare | quotes
        Pre-Depends: xpdf


        Package: xpdf
        Architecture: i386
        Description: The same once more
        Size: 1

        Package: bare

        """;

    private static readonly string Script = Path.Combine(Repository.Root, "samples", "catalog", "import.sh");

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Are_lines_of_json_each_package_once_with_the_first_line_of_its_description_and_how_many_recommend_it()
    {
        var (code, lines, _) = await RunAsync("--print", "--from", _folder.Write("packages.txt", Listed));
        Assert.Equal(0, code);
        Assert.Equal(
            """
            {"name":"xpdf","section":"text","priority":"optional","size":157272,"maintainer":"Debian QA Group <packages@qa.debian.org>","description":"Portable Document Format (PDF) reader","recommended":0}
            {"name":"quotes","section":"contrib/utils","priority":"extra","size":7,"maintainer":"Zoë \"Z\" O'Neil <z@example.org>","description":"5\" disks, back\\slash & more: é – 漢","recommended":1}
            {"name":"bare","section":null,"priority":null,"size":null,"maintainer":null,"description":null,"recommended":2}

            """,
            lines);
    }

    [Fact]
    public async Task Come_into_a_running_catalog_and_those_that_changed_are_replaced()
    {
        var data = _folder.At("data");
        var (process, _) = await MjolnirProcess.ServeAsync("dev", Path.GetDirectoryName(Script)!, "--data", data, "--port", "0");
        await using var __ = process;
        Assert.Contains("3 inserted, 0 replaced, 0 kept", (await RunAsync("--data", data, "--from", _folder.Write("packages.txt", Listed))).Output, StringComparison.Ordinal);
        Assert.Contains("0 inserted, 1 replaced, 2 kept", (await RunAsync("--data", data, "--from", _folder.Write("packages.txt", Listed.Replace("157272", "157273", StringComparison.Ordinal)))).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Are_refused_where_there_are_none_or_nobody_knows_what_is_asked()
    {
        var (code, _, mistake) = await RunAsync("--data", _folder.At("data"), "--from", _folder.Write("empty.txt", ""));
        Assert.Equal((1, true), (code, mistake.Contains("the list has no packages", StringComparison.Ordinal)));
        Assert.Equal(2, (await RunAsync("--where")).Code);
        Assert.NotEqual(0, (await RunAsync("--print", "--from", _folder.At("missing.txt"))).Code);
    }

    private static async Task<(int Code, string Output, string Mistakes)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [Script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (output, mistakes) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await mistakes);
    }
}
