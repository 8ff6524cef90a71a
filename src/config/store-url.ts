import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'

/** kOps reads these through its S3 code, at the endpoint of `S3_ENDPOINT` (FACTS 9). */
const AS_S3 = ['do', 'linode', 'hos', 'scw']

/**
 * Amazon's names of today are lower case; those made in us-east-1 before March 2018 may have capitals and underscores, and
 * up to 255 characters.
 */
const KNOWN = new RegExp(
  `^(?:(?:s3|${AS_S3.join('|')})://[A-Za-z0-9][A-Za-z0-9._-]{1,254}(?:/[\\w.@:+=,/-]*)?|file:///[\\w.@:+=,/-]+)$`,
)

const FOLDER = 'or copy the folder of the backups to a disk and name that: file:///folder'

const notRead = (scheme: string, how: string) =>
  `a copy for ${scheme}://, which is not read: copy the folder of the backups to a disk and name that: file:///folder (${how})`

/** What to do about the other stores that kOps knows. */
const OTHERS: Record<string, string> = {
  gs: `s3://bucket/folder for gs://: set s3.endpoint to Google's S3 interface (https://storage.googleapis.com) and S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY to an HMAC key; ${FOLDER} (gcloud storage cp -r)`,
  swift: `s3://bucket/folder for swift://, where the cloud has an S3 interface (s3.endpoint); ${FOLDER} (openstack object save)`,
  azureblob: notRead('azureblob', 'az storage blob download-batch'),
  k8s: notRead('k8s', 'each object as a file of its name'),
  vault: notRead('vault', 'each secret as a file of its name'),
}

/** Whether a URL names a store that is read through S3. */
export const isS3Like = (url: string): boolean => ['s3', ...AS_S3].includes(url.split('://')[0] ?? '')

/** What to do about a store of kOps that is not read; undefined for what is no store of kOps. */
export const wayOnFor = (scheme: string): string | undefined =>
  Object.hasOwn(OTHERS, scheme) ? OTHERS[scheme] : undefined

const WANTED = 's3://bucket/folder or file:///folder'

function wanted(url: unknown): string {
  const [, scheme = ''] = /^([a-z0-9]+):\/\//.exec(String(url)) ?? []
  return wayOnFor(scheme) ?? WANTED
}

export const storeUrl = z
  .string()
  .max(1024)
  .regex(KNOWN, { error: ({ input }) => wanted(input) })
  .refine((url) => !url.split('/').includes('..'), 'no .. in a store URL')
  .transform((url) => url.replace(/\/+$/, ''))

/**
 * The URL under which a store is read: `do://b/x` and its like are `s3://b/x` at their cloud's endpoint. Without one the
 * bucket of that name at Amazon would be asked, which is somebody else's: `CONFIG_INVALID`.
 */
export function asS3(url: string, endpoint: string | undefined): string {
  const [scheme = '', rest = ''] = url.split('://')
  if (!AS_S3.includes(scheme)) return url
  if (endpoint !== undefined) return `s3://${rest}`
  throw new RescueError(
    'CONFIG_INVALID',
    `${url} is read through the S3 interface of its cloud, and that has no address`,
    {
      hint: 'set s3.endpoint in etcd-rescue.yaml, or S3_ENDPOINT as kOps takes it; keys: S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY',
    },
  )
}
