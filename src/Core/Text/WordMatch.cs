namespace Mjolnir.Core.Text;

/// <summary>How a row has a word of a question. Of the terms that the word stands for only those count that are written with the fewest mistakes.</summary>
public record struct WordMatch
{
    private int _from;
    private int _count;

    /// <summary>How often the row has it, by the weights of fields and by how much of it was written; 0 if it does not.</summary>
    public double Weight { get; private set; }

    /// <summary>With how many mistakes.</summary>
    public int Mistakes { get; private set; }

    /// <summary>True if the row has it.</summary>
    public readonly bool IsFound => Weight > 0;

    /// <summary>Where it stands, ascending.</summary>
    /// <param name="places">those that were given to <see cref="Add"/></param>
    public readonly ReadOnlySpan<int> PlacesIn(WordPlaces places) => places[_from, _count];

    /// <summary>The row has one of its terms.</summary>
    /// <param name="weight">how often, by the weights of fields</param>
    /// <param name="likeness">how the term is the word</param>
    /// <param name="places">has at its end where the term stands; what of it does not count is taken away</param>
    /// <param name="from">where that begins</param>
    public void Add(double weight, TermLikeness likeness, WordPlaces places, int from)
    {
        if (!IsFound || likeness.Mistakes < Mistakes)
        {
            (Weight, Mistakes, _from, _count) = (weight * likeness.Worth, likeness.Mistakes, from, places.Count - from);
        }
        else if (likeness.Mistakes == Mistakes)
        {
            Weight += weight * likeness.Worth;
            places.AppendAgain(_from, _count);
            places.SortFrom(from);
            (_from, _count) = (from, places.Count - from);
        }
        else
        {
            places.CutAt(from);
        }
    }
}
