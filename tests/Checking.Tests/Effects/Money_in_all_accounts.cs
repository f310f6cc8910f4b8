using Mjolnir.Checking.Effects;
using Mjolnir.Checking.Histories;
using static Mjolnir.Checking.Histories.Access;
using static Mjolnir.Checking.Tests.Written;

namespace Mjolnir.Checking.Tests.Effects;

public class Money_in_all_accounts
{
    private static readonly Money Money = new(["p", "q"], 100);

    [Fact]
    public void Is_the_same_in_every_audit() => Assert.Empty(Money.Check(new History([Audit(60, 40), Audit(0, 100), Transfer(60, 40, 50, 50)])));

    [Fact]
    public void Is_missing_in_an_audit_between_the_halves_of_a_transfer() => Assert.Single(Money.Check(new History([Audit(60, 40), Audit(50, 40)])));

    [Fact]
    public void Is_not_made_by_a_transfer() => Assert.Single(Money.Check(new History([Transfer(60, 40, 50, 51)])));

    [Fact]
    public void Is_not_looked_at_in_what_was_not_answered() => Assert.Empty(Money.Check(new History([Unknown("a", 0, Write("p", 1, 5))])));

    [Fact]
    public void Is_counted_where_all_of_it_was_read() => Assert.Equal(2, Money.Audits(new History([Audit(1, 2), Transfer(60, 40, 50, 50), Committed("b", 0, 1, Read("p", 1, 1))])));

    private static Operation Audit(long p, long q) => Committed("a", 0, 1, Read("p", 1, p), Read("q", 1, q));

    private static Operation Transfer(long p, long q, long newP, long newQ) => Committed("t", 0, 1, Read("p", 1, p), Read("q", 1, q), Write("p", 2, newP), Write("q", 2, newQ));
}
