/** S3's error codes that the server gives, with their HTTP status and the message of the documentation in short. */
const CODES = {
  AccessDenied: [403, 'Access Denied'],
  AuthorizationHeaderMalformed: [400, 'The authorization header is malformed.'],
  BadDigest: [400, 'The checksum that was sent does not match the one that was calculated.'],
  BucketAlreadyOwnedByYou: [409, 'The bucket exists already, and is yours.'],
  BucketNotEmpty: [409, 'The bucket is not empty.'],
  EntityTooSmall: [400, 'A part that is not the last one is smaller than 5 MiB.'],
  ExpiredToken: [400, 'The provided token has expired.'],
  IncompleteBody: [400, 'Fewer bytes came than the Content-Length said.'],
  InternalError: [500, 'An internal error; try again.'],
  InvalidAccessKeyId: [403, 'The access key id is not known here.'],
  InvalidArgument: [400, 'An argument is not valid.'],
  InvalidBucketName: [400, 'The bucket name is not valid.'],
  InvalidDigest: [400, 'The Content-MD5 or checksum is not valid.'],
  InvalidObjectState: [403, "The operation is not valid for the object's storage class"],
  InvalidPart: [400, 'A part was not found, or its ETag is another one.'],
  InvalidPartOrder: [400, 'The parts are not in ascending order.'],
  InvalidRange: [416, 'The requested range is not satisfiable.'],
  'KMS.DisabledException': [400, 'The key is disabled.'],
  KeyTooLongError: [400, 'The key is longer than 1024 bytes.'],
  MalformedXML: [400, 'The XML is not well-formed.'],
  MethodNotAllowed: [405, 'The method is not allowed against this resource.'],
  MissingContentLength: [411, 'A Content-Length header is needed.'],
  NoSuchBucket: [404, 'The bucket does not exist.'],
  NoSuchBucketPolicy: [404, 'The bucket has no policy.'],
  NoSuchKey: [404, 'The key does not exist.'],
  NoSuchLifecycleConfiguration: [404, 'The bucket has no lifecycle configuration.'],
  NoSuchTagSet: [404, 'There are no tags.'],
  NoSuchUpload: [404, 'The multipart upload does not exist.'],
  NoSuchVersion: [404, 'The version does not exist.'],
  NotImplemented: [501, 'This server does not do that.'],
  PreconditionFailed: [412, 'A precondition did not hold.'],
  RequestTimeTooSkewed: [403, 'The difference between the request time and the current time is too large.'],
  SignatureDoesNotMatch: [403, 'The signature that was calculated is not the one that was sent.'],
  SlowDown: [503, 'Reduce your request rate.'],
  ServiceUnavailable: [503, 'Try again later.'],
  XAmzContentSHA256Mismatch: [400, 'The x-amz-content-sha256 header does not match the body.'],
} as const satisfies Record<string, readonly [number, string]>

export type S3ErrorCode = keyof typeof CODES

export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly code: S3ErrorCode
  readonly status: number
  /** Further elements of the answer. */
  readonly extra: Record<string, string>

  constructor(code: S3ErrorCode, extra: Record<string, string> = {}) {
    super(CODES[code][1])
    this.code = code
    this.status = CODES[code][0]
    this.extra = extra
  }
}
