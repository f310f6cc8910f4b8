using System.Text;
using Mjolnir.Storage.Indexes;

namespace Mjolnir.Storage.Tests.Indexes;

/// <summary>A table of keys beside a plain dictionary.</summary>
public class Keys_of_a_table
{
    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(2_000)]
    public void Are_numbered_as_they_came_found_again_and_forgotten(int different)
    {
        var table = new KeyTable();
        for (var seed = 0; seed < 20; seed++)
        {
            table.Clear();
            Compare(table, new Random(seed), different);
        }
    }

    private static void Compare(KeyTable table, Random random, int different)
    {
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = random.Next(3_000); i > 0; i--)
        {
            var key = $"{random.Next(different)}{new string('x', random.Next(2) * random.Next(50))}";
            var utf8 = Encoding.UTF8.GetBytes(key);
            var expected = known.GetValueOrDefault(key, -1);

            // Looked for or not: what was only appended is hashed later.
            if (random.Next(2) == 0)
            {
                Assert.Equal(expected, table.Find(utf8));
            }

            if (expected < 0 && random.Next(2) == 0)
            {
                known[key] = table.Add(utf8);
            }
            else
            {
                known[key] = table.FindOrAdd(utf8, out var isNew);
                Assert.Equal(expected < 0, isNew);
            }

            Assert.Equal(expected < 0 ? known.Count - 1 : expected, known[key]);
            table.Note(known[key])++;
        }

        Assert.Equal(known.Count, table.Count);
        Assert.All(known, key => Assert.Equal(key.Key, Encoding.UTF8.GetString(table[key.Value])));
        Assert.All(known, key => Assert.InRange(table.Note(key.Value), 1, int.MaxValue));
    }
}
