using System.Globalization;
using System.Security.Cryptography;

namespace Mjolnir.Services;

/// <summary>The folder of one node: what is in it, and how the node is told about it.</summary>
internal sealed class RabbitMqFolder
{
    private const string User = "mjolnir";
    private readonly RabbitMqSettings _settings;
    private readonly string _folder;

    /// <summary>Makes the folder and its secrets where they are missing.</summary>
    public RabbitMqFolder(RabbitMqSettings settings)
    {
        _settings = settings;
        _folder = Path.GetFullPath(settings.Folder);
        PrivateFolder.Create(_folder);
        Directory.CreateDirectory(At("data"));
        Directory.CreateDirectory(At("home"));
        Cookie = Secret(At("home", ".erlang.cookie"), settings.Cookie);
        Password = Secret(At("password"), settings.Password);
    }

    public string Cookie { get; }

    public string Password { get; }

    /// <summary>Where the node runs: a crash dump would land there.</summary>
    public string Home => At("home");

    public string Url(int port) => string.Create(CultureInfo.InvariantCulture, $"amqp://{User}:{Password}@127.0.0.1:{port}");

    public static string NodeName(string name) => $"{name}@localhost";

    /// <summary>Writes the node's configuration. Nothing of what the machine's own RabbitMQ uses is read or written.</summary>
    public void Configure(int port)
    {
        List<string> lines =
        [
            string.Create(CultureInfo.InvariantCulture, $"listeners.tcp.1 = 127.0.0.1:{port}"),
            $"default_user = {User}",
            $"default_pass = {Password}",
            $"loopback_users.{User} = true",
            "log.file = false",
            "log.console = true",
            "log.console.level = warning",
            "collect_statistics_interval = 60000",
            string.Create(CultureInfo.InvariantCulture, $"vm_memory_high_watermark.absolute = {_settings.MemoryMegabytes}MiB"),
            string.Create(CultureInfo.InvariantCulture, $"disk_free_limit.absolute = {RabbitMqLimits.FreeDiskMegabytes}MB"),
            string.Create(CultureInfo.InvariantCulture, $"raft.wal_max_size_bytes = {RabbitMqLimits.WriteAheadMegabytes * 1024 * 1024}"),
        ];
        if (_settings.Cluster.Count > 0)
        {
            lines.Add("cluster_formation.peer_discovery_backend = classic_config");
            lines.Add("cluster_partition_handling = pause_minority");
            lines.AddRange(_settings.Cluster.Select((name, at) => string.Create(CultureInfo.InvariantCulture, $"cluster_formation.classic_config.nodes.{at + 1} = {NodeName(name)}")));
        }

        File.WriteAllLines(At("rabbitmq.conf"), lines);
        File.WriteAllText(At("advanced.config"), "[].\n");
        File.WriteAllText(At("enabled_plugins"), "[].\n");
    }

    /// <summary>The environment of the node and of its tools.</summary>
    public Dictionary<string, string> Environment(int epmdPort, int distributionPort) => new()
    {
        ["HOME"] = At("home"),
        ["LANG"] = "C.UTF-8",
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        ["ERL_EPMD_PORT"] = epmdPort.ToString(CultureInfo.InvariantCulture),
        // Otherwise every Erlang program that finds no port mapper leaves one behind as a daemon.
        ["ERL_FLAGS"] = "-start_epmd false",
        // The script then becomes the node instead of staying its parent: signals, also the one at this process's death, reach the node itself.
        ["RUNNING_UNDER_SYSTEMD"] = "true",
        // Ctrl-C in a terminal goes to the whole group; the node is stopped by whoever started it, in order.
        ["RABBITMQ_SERVER_START_ARGS"] = "+B i",
        // No busy waiting: the node shares the machine.
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
        ["RABBITMQ_CTL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
        ["RABBITMQ_NODENAME"] = NodeName(_settings.Name),
        ["RABBITMQ_DIST_PORT"] = distributionPort.ToString(CultureInfo.InvariantCulture),
        ["RABBITMQ_MNESIA_BASE"] = At("data"),
        ["RABBITMQ_SCHEMA_DIR"] = At("data", "schema"),
        ["RABBITMQ_GENERATED_CONFIG_DIR"] = At("data", "config"),
        ["RABBITMQ_LOG_BASE"] = At("data", "log"),
        ["RABBITMQ_PID_FILE"] = At("pid"),
        ["RABBITMQ_CONFIG_FILE"] = At("rabbitmq.conf"),
        ["RABBITMQ_ADVANCED_CONFIG_FILE"] = At("advanced.config"),
        ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = At("enabled_plugins"),
    };

    private string At(params string[] parts) => Path.Combine([_folder, .. parts]);

    /// <summary>A secret that only this user can read; the file stays as it is once it is there.</summary>
    private static string Secret(string path, string? given)
    {
        if (File.Exists(path))
        {
            return File.ReadAllText(path);
        }

        var secret = given ?? RandomNumberGenerator.GetHexString(32, lowercase: true);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(path, options);
        writer.Write(secret);
        return secret;
    }
}
