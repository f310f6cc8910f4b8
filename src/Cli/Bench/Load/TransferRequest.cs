using System.Text;
using Mjolnir.Cli.Bench.Bank;

namespace Mjolnir.Cli.Bench.Load;

/// <summary>
/// One connection's request, written once: account names have a fixed width, so a new transfer is a few digits put into place.
/// </summary>
internal sealed class TransferRequest
{
    private readonly byte[] _bytes;
    private readonly int _from;
    private readonly int _to;
    private readonly int _amount;

    public TransferRequest(string host, string? cookie)
    {
        var body = $$"""{"args":["{{BankAccounts.Name(0)}}","{{BankAccounts.Name(0)}}",1]}""";
        var head = new StringBuilder()
            .Append("POST /_mjolnir/tx/transfer HTTP/1.1\r\nHost: ").Append(host)
            .Append("\r\nContent-Type: application/json\r\n");
        if (cookie is not null)
        {
            head.Append("Cookie: ").Append(cookie).Append("\r\n");
        }

        head.Append("Content-Length: ").Append(body.Length).Append("\r\n\r\n");
        _from = head.Length + body.IndexOf(BankAccounts.Name(0), StringComparison.Ordinal) + 1;
        _to = head.Length + body.LastIndexOf(BankAccounts.Name(0), StringComparison.Ordinal) + 1;
        _amount = head.Length + body.Length - 3;
        _bytes = Encoding.ASCII.GetBytes(head.Append(body).ToString());
    }

    public ReadOnlySpan<byte> Set(int from, int to, int amount)
    {
        Digits(_from, from);
        Digits(_to, to);
        _bytes[_amount] = (byte)('0' + amount);
        return _bytes;
    }

    /// <summary>The request as it was last set: to be sent again.</summary>
    public ReadOnlySpan<byte> Again => _bytes;

    private void Digits(int at, int account)
    {
        for (var i = BankAccounts.Digits - 1; i >= 0; i--)
        {
            _bytes[at + i] = (byte)('0' + (account % 10));
            account /= 10;
        }
    }
}
