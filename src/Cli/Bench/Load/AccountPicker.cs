namespace Mjolnir.Cli.Bench.Load;

/// <summary>
/// Draws accounts 0..n-1, account i with weight 1/(i+1)^skew (Zipf; skew 0 is uniform). Walker's alias method: one table look-up per draw however
/// skewed the weights are, so the client costs the same at any skew.
/// </summary>
internal sealed class AccountPicker
{
    private readonly double[] _keep;
    private readonly int[] _alias;
    private readonly Random _random;

    public AccountPicker(int accounts, double skew, int seed)
    {
        _random = new Random(seed);
        _keep = new double[accounts];
        _alias = new int[accounts];
        Fill(Weights(accounts, skew));
    }

    public int Next()
    {
        var column = _random.Next(_keep.Length);
        return _random.NextDouble() < _keep[column] ? column : _alias[column];
    }

    /// <summary>Two different accounts: the second is drawn again while it is the first.</summary>
    public (int From, int To) NextPair()
    {
        var from = Next();
        int to;
        do
        {
            to = Next();
        }
        while (to == from);
        return (from, to);
    }

    private static double[] Weights(int accounts, double skew)
    {
        var weights = new double[accounts];
        double sum = 0;
        for (var i = 0; i < accounts; i++)
        {
            sum += weights[i] = Math.Pow(i + 1, -skew);
        }

        for (var i = 0; i < accounts; i++)
        {
            weights[i] *= accounts / sum;
        }

        return weights;
    }

    /// <summary>Fills each column with its own weight and tops it up from one account that has too much.</summary>
    private void Fill(double[] weights)
    {
        var small = new Stack<int>();
        var large = new Stack<int>();
        for (var i = weights.Length - 1; i >= 0; i--)
        {
            (weights[i] < 1 ? small : large).Push(i);
        }

        while (small.Count > 0 && large.Count > 0)
        {
            var (low, high) = (small.Pop(), large.Pop());
            (_keep[low], _alias[low]) = (weights[low], high);
            weights[high] -= 1 - weights[low];
            (weights[high] < 1 ? small : large).Push(high);
        }

        foreach (var rest in small.Concat(large))
        {
            (_keep[rest], _alias[rest]) = (1, rest);
        }
    }
}
