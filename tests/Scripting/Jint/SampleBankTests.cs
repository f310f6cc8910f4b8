using System.Text;
using Mjolnir.Core.Documents;
using Mjolnir.Core.Keys;
using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Engine;
using Mjolnir.Scripting.Jint;

namespace Mjolnir.Scripting.Tests.Jint;

/// <summary>The bank of the samples, loaded as it is served and run.</summary>
public sealed class SampleBankTests : IRowSource, IDisposable
{
    private readonly Application _bank = ApplicationLoader.Load(Samples("bank")).Application!;
    private readonly JintScriptEngine _engine = new(ScriptLimits.Default);
    private readonly Dictionary<RowKey, Document> _rows = [];

    public SampleBankTests()
    {
        Put("alice", """{"name":"alice","balance":100}""");
        Put("bob", """{"name":"bob","balance":5}""");
    }

    [Fact]
    public void Sending_money_moves_it_and_tells_the_page()
    {
        var result = Run("send", "", """{"to":{"value":" bob "},"amount":{"value":"30"}}""");
        Assert.True(result.Status == RunStatus.Completed, result.Reason);
        Assert.Equal(["""{"name":"alice","balance":70}""", """{"name":"bob","balance":35}"""], result.Writes.Select(w => w.Value!.ToString()).Order());
        Assert.Equal("""{"dom":[["#amount","value",""],["#message","textContent","Sent 30 to bob."]],"prevent":true}""", ScriptPage.Text(result.Changes));
        Assert.Equal("""{"inputs":{"to":["value"],"amount":["value"]}}""", ScriptPage.Text(result.Reads));
    }

    [Theory]
    [InlineData("1000", "Not enough money: alice has 100.")]
    [InlineData("-5", "The amount must be a whole number above zero.")]
    [InlineData("1.5", "The amount must be a whole number above zero.")]
    [InlineData("", "The amount must be a whole number above zero.")]
    [InlineData("x", "The amount must be a whole number above zero.")]
    public void What_the_bank_refuses_has_no_effect(string amount, string reason)
    {
        var result = Run("send", "", $$$"""{"to":{"value":"bob"},"amount":{"value":"{{{amount}}}"}}""");
        Assert.Equal((RunStatus.Aborted, AbortKind.Refused, reason), (result.Status, result.AbortKind, result.Reason));
        Assert.Equal("bank.js", result.Position?.File);
        Assert.Empty(result.Writes);
    }

    [Fact]
    public void A_transfer_by_arguments_gives_what_is_left() =>
        Assert.Equal("93", ScriptPage.Text(Run("transfer", """["alice","bob",7]""", "").Result));

    [Fact]
    public void The_page_shows_the_balance()
    {
        var page = _bank.Pages["/index.html"];
        var shown = _engine.Render(_bank, page, "alice", default, this);
        Assert.Empty(shown.Failures);
        Assert.Contains("100", shown.Values);
        Assert.Contains("customer", shown.Values);
        var stranger = _engine.Render(_bank, page, null, default, this);
        Assert.Empty(stranger.Failures);
        Assert.Contains("stranger", stranger.Values);
    }

    public bool TryRead(RowKey key, out Document? row)
    {
        row = _rows.GetValueOrDefault(key);
        return true;
    }

    public void Dispose() => _engine.Dispose();

    private RunResult Run(string handler, string args, string inputs) => _engine.Run(
        new HandlerCall
        {
            Application = _bank,
            Handler = _bank.Handlers[handler],
            User = "alice",
            Args = Encoding.UTF8.GetBytes(args),
            Inputs = Encoding.UTF8.GetBytes(inputs),
            Event = """{"type":"submit","target":"body>main:nth-of-type(1)>div:nth-of-type(2)>form:nth-of-type(1)"}"""u8.ToArray(),
            Page = "/",
            Seed = new TransactionSeed(1_700_000_000_000, 1),
        },
        this);

    private void Put(string name, string json)
    {
        Assert.True(RowKey.TryCreate("bank", "users", name, out var key));
        _rows[key] = Document.FromText(json);
    }

    private static string Samples(string name)
    {
        var folder = AppContext.BaseDirectory;
        while (!Directory.Exists(Path.Combine(folder, "samples")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return Path.Combine(folder, "samples", name);
    }
}
