import { RescueError } from '../../errors/rescue-error.ts'
import { shellQuote } from '../../shell/quote.ts'
import type { Failure } from './failure.ts'
import type { S3Place } from './options.ts'

export interface ObjectContext {
  place: S3Place
  endpoint: string | undefined
  region: string | undefined
  profile: string | undefined
  operation: string
  key: string
}

const READS = ['GetObject', 'HeadObject']

/** What is wrong with this one object: the store answers, and others can be read. Undefined for all else. */
export function objectFault(failure: Failure, context: ObjectContext, cause: unknown): RescueError | undefined {
  if (!READS.includes(context.operation)) return undefined
  const { key, place } = context
  if (failure.code === 'InvalidObjectState') {
    const hint = restoreHint(context, failure.isTiered)
    return new RescueError('OBJECT_ARCHIVED', `${key} in ${place.url} is archived`, { hint, cause })
  }
  const why = ofTheKey(failure) ?? ofTheRight(failure, context)
  if (why === undefined) return undefined
  return new RescueError('OBJECT_UNREADABLE', `${key} in ${place.url} cannot be read: ${saidOf(failure)}`, {
    hint: why,
    cause,
  })
}

const saidOf = ({ code, status, message }: Failure) =>
  `${code}${status === undefined ? '' : ` (HTTP ${status})`}: ${message}`

/** KMS' own errors come with their names behind `KMS.`; a missing right to the key is an AccessDenied that names it. */
function ofTheKey({ code, message }: Failure): string | undefined {
  if (/^KMS/.test(code) && !/Throttl|Internal|Unavailable|Timeout/i.test(code)) {
    return 'it is encrypted with a KMS key that does not work now: have the key enabled again, then run the command again'
  }
  if (!/\bkms\b/i.test(message)) return undefined
  return 'it is encrypted with a KMS key: these credentials need kms:Decrypt on that key'
}

function ofTheRight({ code, status }: Failure, context: ObjectContext): string | undefined {
  const isRefused = code === 'AccessDenied' || (status === 403 && /^(Forbidden|403|Unknown|UnknownError)$/.test(code))
  if (!isRefused) return undefined
  const { place, key } = context
  const arn = `arn:aws:s3:::${place.bucket}/${place.prefix}${key}`
  return `the bucket answers, and this object is refused: these credentials need s3:GetObject on ${arn}, or who wrote it must give it to the bucket's owner`
}

/** How long the copy stays that a restore makes: enough for a recovery, and it costs little. */
const DAYS = 7

/**
 * The command of Amazon's documents. `Standard` is the tier that all archive classes have: 3 to 5 hours, from Deep Archive
 * 12. Intelligent-Tiering moves the object back for good, and takes no days.
 */
export function restoreHint(context: Omit<ObjectContext, 'operation'>, isTiered = false): string {
  const { place, key, endpoint, region, profile } = context
  const request = isTiered ? {} : { Days: DAYS, GlacierJobParameters: { Tier: 'Standard' } }
  const line = shellQuote([
    ...['aws', 's3api', 'restore-object', '--bucket', place.bucket, '--key', place.prefix + key],
    ...['--restore-request', JSON.stringify(request)],
    ...(endpoint === undefined ? [] : ['--endpoint-url', endpoint]),
    ...(region === undefined ? [] : ['--region', region]),
    ...(profile === undefined ? [] : ['--profile', profile]),
  ])
  return `restore it first, which takes hours: ${line}`
}
