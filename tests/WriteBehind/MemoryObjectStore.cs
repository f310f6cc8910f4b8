using System.Runtime.CompilerServices;
using Mjolnir.Storage.Objects;

namespace Mjolnir.WriteBehind.Tests;

/// <summary>A store in memory, so that a test can look at the objects and damage them.</summary>
internal sealed class MemoryObjectStore : IObjectStore
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_lock)
            {
                return [.. _objects.Keys];
            }
        }
    }

    public byte[] this[string name]
    {
        get
        {
            lock (_lock)
            {
                return _objects[name];
            }
        }

        set
        {
            lock (_lock)
            {
                _objects[name] = value;
            }
        }
    }

    public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(_objects.TryAdd(name, content.ToArray()) ? CreateOutcome.Created : CreateOutcome.Taken);
        }
    }

    public ValueTask<ReadOnlyMemory<byte>?> GetAsync(string name, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(_objects.TryGetValue(name, out var content) ? new ReadOnlyMemory<byte>(content) : (ReadOnlyMemory<byte>?)null);
        }
    }

    public ValueTask<ReadOnlyMemory<byte>?> GetRangeAsync(string name, long offset, int length, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_objects.TryGetValue(name, out var content))
            {
                return ValueTask.FromResult<ReadOnlyMemory<byte>?>(null);
            }

            var start = (int)Math.Clamp(offset < 0 ? content.Length + offset : offset, 0, content.Length);
            return ValueTask.FromResult<ReadOnlyMemory<byte>?>(content.AsMemory(start, Math.Min(length, content.Length - start)));
        }
    }

    public async IAsyncEnumerable<string> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var name in Names)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && (startAfter is null || string.CompareOrdinal(name, startAfter) > 0))
            {
                yield return await ValueTask.FromResult(name);
            }
        }
    }

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _objects.Remove(name);
            return ValueTask.CompletedTask;
        }
    }
}
