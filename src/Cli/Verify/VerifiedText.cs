using System.Globalization;
using Mjolnir.Indexer.Verifying;
using Spectre.Console;

namespace Mjolnir.Cli.Verify;

/// <summary>What a verification found, for people.</summary>
internal static class VerifiedText
{
    public static void Write(IAnsiConsole console, string name, VerifiedTable table)
    {
        var entries = table.Pages > 0 ? string.Create(CultureInfo.InvariantCulture, $"{table.Entries:N0} entries on {table.Pages:N0} pages") : string.Create(CultureInfo.InvariantCulture, $"{table.Entries:N0} entries");
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {table.Rows:N0} rows, {entries}: {(table.Differences == 0 ? "as the rows say" : $"{table.Differences:N0} differences")}"));
        foreach (var difference in table.First)
        {
            console.WriteLine("  " + difference);
        }
    }
}
