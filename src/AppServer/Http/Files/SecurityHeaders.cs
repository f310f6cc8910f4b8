using Microsoft.AspNetCore.Http;

namespace Mjolnir.AppServer.Http.Files;

/// <summary>
/// What browsers are told about every page and file: types are as said, no other site may frame a page, nothing put into a page may turn its relative addresses elsewhere, other
/// sites learn only our origin. Pages are plain HTML with inline handlers, so there is no script policy here: an author whose page has none adds one as <c>meta</c>; the built-in page has its own.
/// </summary>
internal static class SecurityHeaders
{
    public static void Set(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "SAMEORIGIN";
        headers.ContentSecurityPolicy = "frame-ancestors 'self'; base-uri 'self'";
        headers["Referrer-Policy"] = "strict-origin-when-cross-origin";
    }
}
