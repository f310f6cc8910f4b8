using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mjolnir.Core.Keys;

namespace Mjolnir.Proxy.Tls;

/// <summary>A certificate as it is served; immutable.</summary>
internal sealed class ServedCertificate
{
    private ServedCertificate(ProxyCertificate source, ulong hash, X509Certificate2 certificate, X509Certificate2Collection chain)
    {
        (Source, Hash, NotAfter) = (source, hash, certificate.NotAfter);
        Names = NamesOf(certificate);
        Options = new SslServerAuthenticationOptions
        {
            // Made once: it is what lets browsers resume their sessions.
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true),
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        };
    }

    public ProxyCertificate Source { get; }

    /// <summary>Of the files' content.</summary>
    public ulong Hash { get; }

    public DateTimeOffset NotAfter { get; }

    /// <summary>The host names it is for.</summary>
    public IReadOnlyList<string> Names { get; }

    public SslServerAuthenticationOptions Options { get; }

    public IEnumerable<string> Files => FilesOf(Source);

    /// <summary>Reads the files. Throws <see cref="ProxyConfigurationException"/> with plain words.</summary>
    public static ServedCertificate Load(ProxyCertificate source)
    {
        try
        {
            var hash = Fingerprint(source);
            var password = source.PasswordFile is null ? null : File.ReadAllText(source.PasswordFile).TrimEnd('\r', '\n');
            var (certificate, chain) = source.KeyFile is null ? FromPkcs12(source.CertificateFile, password) : FromPem(source.CertificateFile, source.KeyFile, password);
            return new ServedCertificate(source, hash, certificate, chain);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new ProxyConfigurationException($"The certificate {source.CertificateFile}{(source.KeyFile is null ? "" : $" with the key {source.KeyFile}")} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>A hash over the content of all its files.</summary>
    public static ulong Fingerprint(ProxyCertificate source)
    {
        using var all = new MemoryStream();
        foreach (var file in FilesOf(source))
        {
            all.Write(File.ReadAllBytes(file));
            all.WriteByte(0);
        }

        return XxHash64.Hash(all.ToArray());
    }

    /// <summary>True if it names this host.</summary>
    public bool IsFor(string host) => Names.Contains(host, StringComparer.OrdinalIgnoreCase);

    /// <summary>True if it has <c>*.example.com</c> for a host directly below.</summary>
    public bool IsForAllLike(string host) => host.IndexOf('.') is > 0 and var dot && Names.Contains("*" + host[dot..], StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<string> FilesOf(ProxyCertificate source) =>
        new[] { source.CertificateFile, source.KeyFile, source.PasswordFile }.OfType<string>();

    private static (X509Certificate2 Certificate, X509Certificate2Collection Chain) FromPem(string certificateFile, string keyFile, string? password)
    {
        var certificate = password is null ? X509Certificate2.CreateFromPemFile(certificateFile, keyFile) : X509Certificate2.CreateFromEncryptedPemFile(certificateFile, password, keyFile);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificateFile);
        if (OperatingSystem.IsWindows())
        {
            // Its TLS does not take keys that are only in memory.
            certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        }

        return (certificate, chain);
    }

    private static (X509Certificate2 Certificate, X509Certificate2Collection Chain) FromPkcs12(string file, string? password)
    {
        var all = X509CertificateLoader.LoadPkcs12CollectionFromFile(file, password);
        var certificate = all.FirstOrDefault(static one => one.HasPrivateKey) ?? throw new CryptographicException("it has no private key");
        return (certificate, all);
    }

    private static List<string> NamesOf(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static extension => extension.EnumerateDnsNames()).ToList();
        if (names.Count == 0)
        {
            names.Add(certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false));
        }

        return names;
    }
}
