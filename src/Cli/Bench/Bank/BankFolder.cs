using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mjolnir.Cli.Bench.Bank;

/// <summary>The bank sample with as many accounts as asked for, and one handler more that adds them up.</summary>
internal static class BankFolder
{
    public static void Write(string folder, int accounts)
    {
        Directory.CreateDirectory(folder);
        foreach (var resource in Assembly.GetExecutingAssembly().GetManifestResourceNames())
        {
            if (resource.StartsWith("bank/", StringComparison.Ordinal) || resource.StartsWith("counting/", StringComparison.Ordinal))
            {
                Copy(resource, Path.Combine(folder, Path.GetFileName(resource)));
            }
        }

        AllowCounting(Path.Combine(folder, "mjolnir.json"));
        WriteAccounts(Path.Combine(folder, "users.json"), accounts);
    }

    private static void Copy(string resource, string path)
    {
        using var from = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        using var to = File.Create(path);
        from.CopyTo(to);
    }

    private static void AllowCounting(string path)
    {
        var description = JsonNode.Parse(File.ReadAllBytes(path))!;
        description["handlers"]!["sum"] = new JsonObject { ["allow"] = "signed-in" };
        File.WriteAllText(path, description.ToJsonString());
    }

    private static void WriteAccounts(string path, int accounts)
    {
        using var file = File.Create(path);
        using var json = new Utf8JsonWriter(file);
        json.WriteStartArray();
        for (var account = 0; account < accounts; account++)
        {
            json.WriteStartObject();
            json.WriteString("name", BankAccounts.Name(account));
            json.WriteNumber("balance", BankAccounts.FirstBalance);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
