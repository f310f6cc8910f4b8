using Mjolnir.Scripting.Engine;

namespace Mjolnir.Scripting.Jint.Realms;

/// <summary>Clock, ids and randomness of one transaction: the same however often its handler runs (splitmix64 over the seed).</summary>
internal sealed class RunSeed(TransactionSeed seed)
{
    /// <summary>Characters of an id: 64, so that six bits give one; safe in URLs.</summary>
    private const string IdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// <summary>22 characters of six bits hold 128 bits and four to spare.</summary>
    private const int IdLength = 22;

    private ulong _state = seed.Random;

    /// <summary>What the clock says all through the run.</summary>
    public double Now { get; } = seed.UnixMilliseconds;

    /// <summary>The next of <c>Math.random()</c>: 53 bits in [0, 1).</summary>
    public double NextRandom() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>The next id.</summary>
    public string NextId() => string.Create(IdLength, (Next(), Next(), Next()), static (span, bits) =>
    {
        for (var i = 0; i < span.Length; i++)
        {
            var word = i < 10 ? bits.Item1 : i < 20 ? bits.Item2 : bits.Item3;
            span[i] = IdAlphabet[(int)(word >> (6 * (i % 10))) & 63];
        }
    });

    private ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
