using Mjolnir.Simulation.Tests.Scheduling;

namespace Mjolnir.Simulation.Tests.Objects;

/// <summary>The objects of a store with create-if-absent, as S3 has them: one order of all that is done, whatever becomes of the answers.</summary>
internal sealed class SimulatedStore(SimulationLoop loop)
{
    private readonly SortedList<string, byte[]> _objects = new(StringComparer.Ordinal);

    public SimulationLoop Loop => loop;

    /// <summary>It refuses everything.</summary>
    public bool IsDown { get; set; }

    /// <summary>Objects that are overwritten where they must not be (W3 or V8 switched off).</summary>
    public Func<string, bool> Overwrites { get; init; } = static _ => false;

    /// <summary>Whoever reads the run chain again within seconds gets what it was the first time: before the manifests were read, and perhaps before the view was open (W7 switched off).</summary>
    public bool ChainComesFirst { get; init; }

    /// <summary>Told of each object that is created.</summary>
    public Action<string, byte[]> Created { get; init; } = static (_, _) => { };

    public int Count => _objects.Count;

    public IEnumerable<string> Names => _objects.Keys;

    public byte[]? Read(string name) => _objects.GetValueOrDefault(name);

    public bool Create(string name, byte[] content)
    {
        var isNew = _objects.TryAdd(name, content);
        if (!isNew && Overwrites(name))
        {
            _objects[name] = content;
            isNew = true;
        }

        if (isNew)
        {
            Created(name, content);
        }

        loop.Trace.Line("store", $"create {name} {(isNew ? "done" : "taken")} {content.Length}");
        return isNew;
    }

    public void Delete(string name)
    {
        if (_objects.Remove(name))
        {
            loop.Trace.Line("store", $"delete {name}");
        }
    }

    public string[] List(string prefix, string? startAfter)
    {
        var names = new List<string>();
        for (var i = FirstAt(prefix, startAfter); i < _objects.Count && _objects.GetKeyAtIndex(i).StartsWith(prefix, StringComparison.Ordinal); i++)
        {
            names.Add(_objects.GetKeyAtIndex(i));
        }

        return [.. names];
    }

    /// <summary>This process's way to the store.</summary>
    public SimulatedStoreClient For(SimulatedProcess process) => new(this, process);

    private int FirstAt(string prefix, string? startAfter)
    {
        var isBehind = startAfter is not null && string.CompareOrdinal(startAfter, prefix) >= 0;
        var from = isBehind ? startAfter! : prefix;
        var (low, high) = (0, _objects.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(_objects.GetKeyAtIndex(middle), from);
            if (order < 0 || (order == 0 && isBehind))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
