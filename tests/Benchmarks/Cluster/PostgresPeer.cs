using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Mjolnir.Cli.Bench.Bank;
using Npgsql;

namespace Mjolnir.Benchmarks.Cluster;

/// <summary>
/// What one would write by hand: ASP.NET Core over PostgreSQL. The same transfer on the same path: both rows locked in key order (FOR UPDATE), checked, changed, committed to the disk.
/// </summary>
internal static class PostgresPeer
{
    private static readonly byte[] Done = """{"status":"committed"}"""u8.ToArray();
    private static readonly byte[] Refused = """{"status":"aborted","reason":"Not enough money."}"""u8.ToArray();

    public static async Task RunAsync(string connectionString, Action<string> listening, CancellationToken cancellationToken)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.Run(context => TransferAsync(context, database));
        await app.StartAsync(cancellationToken);
        listening(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        await app.WaitForShutdownAsync(cancellationToken);
    }

    /// <summary>The accounts, all with the same money.</summary>
    public static async Task FillAsync(string connectionString, int accounts)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var create = database.CreateCommand(
            $"CREATE TABLE users (name text PRIMARY KEY, balance bigint NOT NULL); INSERT INTO users SELECT 'a' || lpad(i::text, {BankAccounts.Digits}, '0'), {BankAccounts.FirstBalance} FROM generate_series(0, {accounts - 1}) i; ANALYZE users;");
        create.CommandTimeout = 0;
        await create.ExecuteNonQueryAsync();
    }

    public static async Task<long> AddUpAsync(string connectionString)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var sum = database.CreateCommand("SELECT sum(balance)::bigint FROM users");
        return (long)(await sum.ExecuteScalarAsync())!;
    }

    private static async Task TransferAsync(HttpContext context, NpgsqlDataSource database)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var args = body.RootElement.GetProperty("args");
        var committed = await TransferAsync(database, args[0].GetString()!, args[1].GetString()!, args[2].GetInt64());
        var answer = committed ? Done : Refused;
        context.Response.StatusCode = committed ? StatusCodes.Status200OK : StatusCodes.Status409Conflict;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer);
    }

    private static async Task<bool> TransferAsync(NpgsqlDataSource database, string from, string to, long amount)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var read = new NpgsqlCommand("SELECT name, balance FROM users WHERE name = $1 OR name = $2 ORDER BY name FOR UPDATE", connection, transaction)
        {
            Parameters = { new() { Value = from }, new() { Value = to } },
        };
        long? balance = null;
        var found = 0;
        await using (var rows = await read.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
            {
                found++;
                balance = rows.GetString(0) == from ? rows.GetInt64(1) : balance;
            }
        }

        if (found != 2 || balance < amount)
        {
            await transaction.RollbackAsync();
            return false;
        }

        await using var write = new NpgsqlCommand("UPDATE users SET balance = balance + CASE WHEN name = $1 THEN -$3 ELSE $3 END WHERE name = $1 OR name = $2", connection, transaction)
        {
            Parameters = { new() { Value = from }, new() { Value = to }, new() { Value = amount } },
        };
        await write.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
        return true;
    }
}
