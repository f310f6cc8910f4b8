using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Mjolnir.Cli.Up;

/// <summary>What the processes write, each in a file of its own; a file that is full is set aside as <c>.1</c>, in place of the one before.</summary>
internal sealed class LogFiles(UpFolder folder, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<string, LogFile> _files = new();

    public void Add(string process, string line) => _files.GetOrAdd(process, name => new LogFile(folder.LogFile(name), time)).Add(line);

    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file.Dispose();
        }
    }

    private sealed class LogFile : IDisposable
    {
        private readonly Lock _gate = new();
        private readonly string _path;
        private readonly TimeProvider _time;
        private FileStream _stream;

        public LogFile(string path, TimeProvider time)
        {
            (_path, _time) = (path, time);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            _stream = Open();
        }

        public void Add(string line)
        {
            var bytes = Encoding.UTF8.GetBytes($"{_time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)} {line}\n");
            lock (_gate)
            {
                if (!_stream.CanWrite)
                {
                    // Closed: a last word behind the end.
                    return;
                }

                if (_stream.Length + bytes.Length > UpLimits.LogFileBytes)
                {
                    _stream.Dispose();
                    File.Move(_path, _path + ".1", overwrite: true);
                    _stream = Open();
                }

                _stream.Write(bytes);
                _stream.Flush();
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _stream.Dispose();
            }
        }

        private FileStream Open() => new(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
    }
}
