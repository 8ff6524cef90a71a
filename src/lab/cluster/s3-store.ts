import { join } from 'node:path'
import { startLabS3 } from '../s3/server.ts'
import { openLabStore, type S3Access } from '../store.ts'
import type { LabStore } from './lab-store.ts'

const BUCKET = 'drill-state'
/** A lifecycle rule's day, in milliseconds: "after a day" is a moment in the drill. */
const DAY_MS = 1_000

/** A backup store behind the sandbox's own S3 server, on the first node's net. */
export async function makeS3Store(dir: string, path: (state: string, name: string) => string): Promise<LabStore> {
  const server = await startLabS3({ directory: join(dir, 's3'), lifecycleDayMs: DAY_MS })
  server.createBucket(BUCKET)
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const s3: S3Access = { endpoint, region, accessKeyId, secretAccessKey }
  const state = `s3://${BUCKET}`
  const backupStore = path(state, 'main')
  return {
    state,
    backupStore,
    s3,
    env: {
      S3_ENDPOINT: endpoint,
      S3_REGION: region,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: secretAccessKey,
    },
    main: openLabStore(backupStore, s3),
    s3Faults: server.faults,
    expire: (prefix) => putRule(s3, `${backupStore.slice(state.length + 1)}/${prefix}`),
    stopExpiring: () => dropRules(s3),
    close: server.close,
  }
}

async function client({ endpoint, region, accessKeyId, secretAccessKey }: S3Access) {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  const sdk = await import('@aws-sdk/client-s3')
  const credentials = { accessKeyId, secretAccessKey }
  return { sdk, s3: new sdk.S3Client({ endpoint, region, forcePathStyle: true, credentials }) }
}

/** The rule of the incident: whatever is below this prefix goes after a day. */
async function putRule(access: S3Access, prefix: string): Promise<void> {
  const { sdk, s3 } = await client(access)
  const rule = { ID: 'tidy-up', Status: 'Enabled', Filter: { Prefix: prefix }, Expiration: { Days: 1 } } as const
  const command = { Bucket: BUCKET, LifecycleConfiguration: { Rules: [rule] } }
  await s3.send(new sdk.PutBucketLifecycleConfigurationCommand(command)).finally(() => s3.destroy())
}

async function dropRules(access: S3Access): Promise<void> {
  const { sdk, s3 } = await client(access)
  await s3.send(new sdk.DeleteBucketLifecycleCommand({ Bucket: BUCKET })).finally(() => s3.destroy())
}
