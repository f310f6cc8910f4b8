using Mjolnir.Scripting.Applications;
using Mjolnir.Scripting.Tests.Applications;

namespace Mjolnir.Scripting.Tests.Pages;

public class BankTests
{
    [Fact]
    public void The_bank_of_the_samples_loads()
    {
        var result = ApplicationLoader.Load(Samples("bank"));
        Assert.Equal("", DiagnosticsText.Format(result.Diagnostics, Samples("bank")));
        var bank = result.Application!;
        Assert.Equal(["open_account", "send", "transfer"], bank.Handlers.Keys.Order());
        Assert.Equal("send", bank.Handlers["send"].Function);
        Assert.Equal(2, bank.Seeds["users"].Count);
        var page = bank.Pages["/index.html"];
        Assert.Contains("<form onsubmit=\"return mjolnir.run(event,'send',[],this)\">", page.Text());
        Assert.Contains("onclick=\"return mjolnir.run(event,'open_account',[],this)\"", page.Text());
        Assert.Contains("<main data-m=\"0:class\" class=\"[0]\">", page.Text());
        Assert.Contains("<b id=\"balance\"><!--m:3-->[3]<!--/m--></b>", page.Text());
        Assert.Equal(["bank.js"], page.Scripts.Select(script => script.File));
        Assert.Equal("/bank.js", Assert.Single(bank.Assets).Key);
        Assert.Contains(page.Elements, element => element is { Reference: "#amount", Tag: "input" });
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
