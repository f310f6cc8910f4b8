using Spectre.Console;

namespace Mjolnir.Cli.Status;

/// <summary>The figures as a table: one row per stack, and the process below.</summary>
internal static class StatusTable
{
    /// <param name="now">the figures</param>
    /// <param name="last">a look before, for rates; null: rates since the start</param>
    public static Table Of(StatusFigures now, StatusFigures? last)
    {
        var table = new Table().RoundedBorder()
            .Title(Markup.Escape($"{now.Application} {now.Version}, {now.Mode}, up {TimeSpan.FromSeconds((long)now.UptimeSeconds)}"))
            .AddColumns("stack", "log", "committed", "per s", "aborted", "re-runs", "refused", "rows cached", "MB cached", "store reads", "to store");
        foreach (var stack in now.Stacks)
        {
            var before = last?.Stacks.FirstOrDefault(each => each.Name == stack.Name);
            AddRow(table, stack, (stack.Committed - (before?.Committed ?? 0)) / Math.Max(0.001, now.UptimeSeconds - (last?.UptimeSeconds ?? 0)));
        }

        table.Caption(Markup.Escape(
            $"CPU {now.Process.CpuMilliseconds / 1000:F1} s, memory {now.Process.ResidentBytes / 1048576.0:F0} MB, GC pauses {now.Process.GcPauseMilliseconds:F0} ms, {(now.Warm ? "everything is in memory" : "still warming")}{Audit(now)}"));
        return table;
    }

    private static string Audit(StatusFigures now)
    {
        var broken = now.Violations.Count == 0 ? "" : $"\nBROKEN RULES: {string.Join(", ", now.Violations.Select(each => $"{each.Kind} {each.Count}"))}";
        return now.Audit is not { } audit ? broken
            : $"{broken}\naudit: {audit.Rows:N0} rows compared in {audit.Rounds:N0} rounds, {audit.Differences:N0} differences{(audit.LastDifference.Length > 0 ? $"; the last: {audit.LastDifference}" : "")}";
    }

    private static void AddRow(Table table, StackFigures stack, double perSecond) => table.AddRow(
        stack.Name,
        stack.Log,
        $"{stack.Committed:N0}",
        $"{perSecond:N0}",
        $"{stack.Aborted:N0}",
        $"{stack.Conflicts:N0}",
        $"{stack.Refused:N0}",
        $"{stack.CacheItems:N0}",
        $"{stack.CacheBytes / 1048576.0:F1}",
        $"{stack.StoreReads:N0}",
        $"{stack.Backlog:N0}");
}
