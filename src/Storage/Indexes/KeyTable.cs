using System.Numerics;
using Mjolnir.Core.Keys;

namespace Mjolnir.Storage.Indexes;

/// <summary>
/// Keys, numbered from 0 as they came, and a number noted of each. A buffer that is emptied and used again: the keys stand in one piece of memory, so that very many leave nothing behind.
/// What is only appended and never looked for is not hashed. Not safe for threads.
/// </summary>
internal sealed class KeyTable
{
    private byte[] _bytes = new byte[1024];
    private Entry[] _entries = new Entry[64];
    private int[] _slots = new int[128]; // the number of a key, and 1; 0 for none
    private int _mask;
    private int _hashed;
    private int _length;

    private struct Entry
    {
        public int From;
        public int Length;
        public ulong Hash;
        public int Note;
    }

    /// <summary>Keys in it.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that it holds on to.</summary>
    public long Bytes => _bytes.Length + (24L * _entries.Length) + ((long)_slots.Length * sizeof(int));

    /// <summary>A key. It is good until the next change.</summary>
    public ReadOnlySpan<byte> this[int number] => _bytes.AsSpan(_entries[number].From, _entries[number].Length);

    /// <summary>What is noted of a key; at first 0.</summary>
    public ref int Note(int number) => ref _entries[number].Note;

    /// <summary>Forgets all keys.</summary>
    public void Clear() => (Count, _length, _hashed, _mask) = (0, 0, 0, 0);

    /// <summary>Appends a key that is not there.</summary>
    public int Add(ReadOnlySpan<byte> key)
    {
        if (_bytes.Length - _length < key.Length)
        {
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + key.Length));
        }

        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, 2 * Count);
        }

        key.CopyTo(_bytes.AsSpan(_length));
        _entries[Count] = new Entry { From = _length, Length = key.Length };
        _length += key.Length;
        return Count++;
    }

    /// <summary>The number of a key; -1 if it is not there.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        HashAll();
        return _slots[SlotOf(key, XxHash64.Hash(key))] - 1;
    }

    /// <summary>The number of a key, which is appended if it is not there.</summary>
    public int FindOrAdd(ReadOnlySpan<byte> key, out bool isNew)
    {
        HashAll();
        var hash = XxHash64.Hash(key);
        var slot = SlotOf(key, hash);
        isNew = _slots[slot] == 0;
        if (!isNew)
        {
            return _slots[slot] - 1;
        }

        var number = Add(key);
        _entries[number].Hash = hash;
        _slots[slot] = number + 1;
        _hashed = Count;
        return number;
    }

    /// <summary>Takes in what was appended since; with twice as many slots where half of them would be taken.</summary>
    private void HashAll()
    {
        if ((Count + 1) * 2 > _mask)
        {
            Grow();
        }

        for (; _hashed < Count; _hashed++)
        {
            var hash = XxHash64.Hash(this[_hashed]);
            _entries[_hashed].Hash = hash;
            _slots[FreeSlot(hash)] = _hashed + 1;
        }
    }

    private void Grow()
    {
        var size = Math.Max(128, (int)BitOperations.RoundUpToPowerOf2((uint)(Count + 1) * 4));
        _slots = _slots.Length < size ? new int[size] : _slots;
        _mask = size - 1;
        _slots.AsSpan(0, size).Clear();
        for (var i = 0; i < _hashed; i++)
        {
            _slots[FreeSlot(_entries[i].Hash)] = i + 1;
        }
    }

    private int FreeSlot(ulong hash)
    {
        var slot = (int)hash & _mask;
        while (_slots[slot] != 0)
        {
            slot = (slot + 1) & _mask;
        }

        return slot;
    }

    /// <summary>Where a key is, or where it would be put.</summary>
    private int SlotOf(ReadOnlySpan<byte> key, ulong hash)
    {
        var slot = (int)hash & _mask;
        while (_slots[slot] is > 0 and var there && !(_entries[there - 1].Hash == hash && this[there - 1].SequenceEqual(key)))
        {
            slot = (slot + 1) & _mask;
        }

        return slot;
    }
}
