using Microsoft.Extensions.Logging;
using Mjolnir.AppServer.Http;
using Mjolnir.AppServer.Http.Calls;
using Mjolnir.AppServer.Http.Operators;
using Mjolnir.AppServer.Sessions;

namespace Mjolnir.AppServer.Live;

/// <summary>What all connections share.</summary>
internal sealed record LiveContext(
    Func<ServedApplication> Current,
    CallAdmission Admission,
    SessionBook Sessions,
    EndedSessions Ended,
    LiveViews Views,
    HttpMetrics Metrics,
    ILogger Log);
