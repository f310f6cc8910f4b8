using System.Globalization;

namespace Mjolnir.Cli.Bench.Bank;

/// <summary>The accounts of the bank that is driven: <c>a0000000</c>, <c>a0000001</c>, …, each with the same money at first.</summary>
internal static class BankAccounts
{
    public const int Digits = 7;
    public const int Max = 10_000_000;
    public const long FirstBalance = 1000;

    public static string Name(int account) => string.Create(CultureInfo.InvariantCulture, $"a{account:D7}");
}
