using System.Globalization;
using System.Security.Cryptography;

namespace Mjolnir.Services;

/// <summary>The folder of a local Ceph: its configuration, its data, and the keys of its one user.</summary>
internal sealed class CephFolder
{
    private static readonly string[] Parts = ["mon", "osd", "rgw", "run"];

    private readonly string _folder;

    public CephFolder(string folder) => _folder = Path.GetFullPath(folder);

    public string Configuration => Path.Combine(_folder, "ceph.conf");

    public string MonitorMap => Path.Combine(_folder, "monmap");

    /// <summary>True once S3 has answered with the user made: what was set up before that, by a start that was killed, is thrown away.</summary>
    public bool IsComplete => File.Exists(KeysFile);

    private string KeysFile => Path.Combine(_folder, "keys");

    private string ClusterFile => Path.Combine(_folder, "cluster");

    /// <summary>Empties the folder of an unfinished start, and makes a new cluster's id.</summary>
    public void Begin()
    {
        foreach (var part in Parts.Select(PathOf))
        {
            if (Directory.Exists(part))
            {
                Directory.Delete(part, recursive: true);
            }

            Directory.CreateDirectory(part);
        }

        File.WriteAllText(ClusterFile, Guid.NewGuid().ToString());
    }

    public string ClusterId() => File.ReadAllText(ClusterFile);

    /// <summary>The port of the last run and the keys.</summary>
    public (int Port, string Access, string Secret) Keys()
    {
        var lines = File.ReadAllLines(KeysFile);
        return (int.Parse(lines[0], CultureInfo.InvariantCulture), lines[1], lines[2]);
    }

    /// <summary>Written aside and renamed: there is a whole file or none.</summary>
    public void Keep(int port, string access, string secret)
    {
        var aside = KeysFile + ".new";
        File.Delete(aside);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var writer = new StreamWriter(aside, options))
        {
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{port}\n{access}\n{secret}\n"));
        }

        File.Move(aside, KeysFile, overwrite: true);
    }

    public static (string Access, string Secret) NewKeys() => (RandomNumberGenerator.GetHexString(20), RandomNumberGenerator.GetHexString(40));

    /// <summary>
    /// One monitor, one object daemon, one gateway, all on the loopback without authentication among themselves. Admin sockets are off: their paths, below a long folder, are
    /// longer than a socket's may be. tcp_nodelay: without it each GET takes 44 ms. rgw_enable_gc_threads stays on, or deleted objects keep their space.
    /// </summary>
    public void Configure(int monitorPort, int gatewayPort) => File.WriteAllText(Configuration, string.Create(CultureInfo.InvariantCulture, $"""
        [global]
        fsid = {ClusterId()}
        mon_host = [v2:127.0.0.1:{monitorPort}]
        mon_initial_members = a
        auth_cluster_required = none
        auth_service_required = none
        auth_client_required = none
        public_addr = 127.0.0.1
        cluster_addr = 127.0.0.1
        public_network = 127.0.0.0/8
        ms_mon_client_mode = crc
        ms_mon_service_mode = crc
        ms_mon_cluster_mode = crc
        ms_client_mode = crc
        ms_bind_msgr1 = false
        ms_bind_ipv4 = true
        ms_bind_ipv6 = false
        run_dir = {PathOf("run")}
        admin_socket =
        pid_file =
        log_to_file = false
        log_to_stderr = false
        err_to_stderr = true
        crash_dir = {PathOf("run")}
        osd_pool_default_size = 1
        osd_pool_default_min_size = 1
        mon_allow_pool_size_one = true
        osd_crush_chooseleaf_type = 0
        osd_pool_default_pg_num = 4
        osd_pool_default_pgp_num = 4
        osd_pool_default_pg_autoscale_mode = off
        mon_max_pg_per_osd = 1000
        mon_data_avail_crit = 1
        mon_data_avail_warn = 2
        [mon]
        mon_data = {PathOf("mon")}
        mon_cluster_log_to_file = false
        [osd]
        osd_data = {PathOf("osd")}
        osd_objectstore = bluestore
        bluestore_block_size = {CephLimits.DiskBytes}
        osd_memory_target = {CephLimits.MemoryTarget}
        osd_class_load_list = *
        osd_class_default_list = *
        [client.rgw]
        rgw_data = {PathOf("rgw")}
        rgw_frontends = beast endpoint=127.0.0.1:{gatewayPort} tcp_nodelay=1
        rgw_enable_usage_log = false
        rgw_thread_pool_size = 64

        """));

    private string PathOf(string part) => Path.Combine(_folder, part);
}
