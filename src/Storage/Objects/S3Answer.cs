using System.Net;
using Amazon.Runtime;
using Amazon.S3;

namespace Mjolnir.Storage.Objects;

/// <summary>What an answer other than success means, whatever form it takes.</summary>
internal enum S3Answer
{
    /// <summary>No such object.</summary>
    NotFound,

    /// <summary>412: an object of this name exists.</summary>
    Taken,

    /// <summary>409: another creation of this name is being decided; nothing was done.</summary>
    Conflict,

    /// <summary>416: the range begins behind the object's end.</summary>
    OutOfRange,

    /// <summary>Trying again changes nothing: wrong keys, no such bucket, not allowed. Nothing was done.</summary>
    Refused,

    /// <summary>No answer, or "later". What was asked may have been done, or may yet be.</summary>
    None,
}

internal static class S3Answers
{
    /// <summary>The meaning of a failure; the caller's own cancellation is none.</summary>
    public static S3Answer Of(Exception failure) => failure is AmazonS3Exception answer ? Of(answer) : S3Answer.None;

    /// <summary>True for what the network, the service and the client's parsing of its answers throw. Anything else is a fault of ours and passes.</summary>
    public static bool IsFailure(Exception exception) =>
        exception is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or OperationCanceledException or TimeoutException
            or System.Net.Sockets.SocketException or WebException or System.Xml.XmlException;

    /// <summary>What to tell the operator.</summary>
    public static string Text(Exception failure) => failure switch
    {
        AmazonS3Exception { ErrorCode: "NoSuchBucket" } => "there is no such bucket",
        AmazonS3Exception { ErrorCode: "InvalidAccessKeyId" } => "the access key is not known there",
        AmazonS3Exception { ErrorCode: "SignatureDoesNotMatch" } => "the secret key is wrong",
        AmazonS3Exception { ErrorCode: "RequestTimeTooSkewed" } => "this machine's clock is wrong",
        AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden } => "the keys do not allow this",
        AmazonS3Exception answer => $"it answered {(int)answer.StatusCode} {answer.ErrorCode}",
        OperationCanceledException => "no answer in time",
        _ => failure.GetBaseException().Message,
    };

    private static S3Answer Of(AmazonS3Exception answer) => (answer.StatusCode, answer.ErrorCode) switch
    {
        (HttpStatusCode.NotFound, "NoSuchBucket") => S3Answer.Refused,
        (HttpStatusCode.NotFound, _) => S3Answer.NotFound,
        (HttpStatusCode.PreconditionFailed, _) => S3Answer.Taken,
        (HttpStatusCode.Conflict, _) => S3Answer.Conflict,
        (HttpStatusCode.RequestedRangeNotSatisfiable, _) => S3Answer.OutOfRange,

        // 400 with this code says that the request came too slowly.
        (_, "RequestTimeout") or (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests, _) => S3Answer.None,
        (>= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError, _) => S3Answer.Refused,
        _ => S3Answer.None,
    };
}
