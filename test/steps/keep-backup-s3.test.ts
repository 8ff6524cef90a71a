import { ListObjectVersionsCommand, PutBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, describe, expect, it } from 'vitest'
import { s3Store } from '../../src/adapters/s3/store.ts'
import { DATA_FILE, META_FILE, readBackup } from '../../src/etcd-manager/backups.ts'
import { cleanUp } from '../../src/lab/etcd-manager/clean-up.ts'
import { labS3 } from '../support/lab-s3.ts'
import { startRgw } from '../support/rgw.ts'
import { makeBucket, plainClient, type S3Access } from '../support/s3-bucket.ts'
import { tellSkipped } from '../support/skip.ts'
import { addBackup, sealedPages } from './support/backups.ts'
import { runStep, stepOf } from './support/step.ts'

const [EARLIEST, CHOSEN] = ['2024-03-21T12:00:00Z-000001', '2024-03-21T12:15:00Z-000002']
const KEPT = 'recovered-20240321T130205Z-k3f9aq'
/** More than an hour after both: all of that hour but its earliest is too many. */
const LATER = Date.parse('2024-03-21T13:30:00Z')

/** `key` and `key (marker)` of every version below a backup's name, whatever a reader sees. */
async function versions(client: S3Client, bucket: string, name: string): Promise<string[]> {
  const answer = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: `etcd/${name}/` }))
  const keys = (answer.Versions ?? []).map(({ Key = '' }) => Key)
  return [...keys, ...(answer.DeleteMarkers ?? []).map(({ Key }) => `${Key} (marker)`)].sort()
}

async function scene(access: S3Access) {
  const bucket = await makeBucket(access)
  const client = plainClient(access)
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }))
  const { endpoint, accessKeyId, secretAccessKey } = access
  const store = s3Store({ url: `s3://${bucket}/etcd`, endpoint, credentials: { accessKeyId, secretAccessKey } })
  await addBackup(store, EARLIEST)
  // written twice, as by an upload that was repeated: the older version stays in the bucket
  await addBackup(store, CHOSEN, sealedPages(9))
  const bytes = await addBackup(store, CHOSEN)
  const backup = { name: CHOSEN, store: store.url, bytes, etcdVersion: '3.5.30' }
  return {
    store,
    options: { facts: { backup }, world: { store } },
    versionsOf: (name: string) => versions(client, bucket, name),
    close: () => client.destroy(),
  }
}

function versionedCases(what: string, access: S3Access): void {
  describe(`the clean-up in a versioned bucket: ${what}`, () => {
    it('takes the chosen backup with all its versions, and leaves the copy that was kept', async () => {
      const { store, options, versionsOf, close } = await scene(access)
      expect(await versionsOf(CHOSEN)).toHaveLength(4)
      const { gives } = await runStep('keep-backup', options)
      expect(gives).toMatchObject({ backup: { name: KEPT, from: CHOSEN } })
      const { body: wanted } = await store.read(`${CHOSEN}/${DATA_FILE}`)

      await cleanUp(store, LATER)
      expect(await versionsOf(CHOSEN)).toEqual([])
      expect(await versionsOf(EARLIEST)).toHaveLength(2)
      expect(await versionsOf(KEPT)).toEqual([`etcd/${KEPT}/${META_FILE}`, `etcd/${KEPT}/${DATA_FILE}`].sort())
      expect((await store.read(`${KEPT}/${DATA_FILE}`)).body).toEqual(wanted)
      await expect(readBackup(store, KEPT)).resolves.toMatchObject({ meta: { etcdVersion: '3.5.30' } })
      close()
    })

    it('one that is gone behind a marker is gone, though its versions are still there', async () => {
      const { store, options, versionsOf, close } = await scene(access)
      for (const file of [META_FILE, DATA_FILE]) await store.remove(`${CHOSEN}/${file}`)
      await expect(runStep('keep-backup', options)).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
      expect(await versionsOf(KEPT)).toEqual([])
      // etcd-manager's clean-up sees no backup there, so these versions stay
      await cleanUp(store, LATER)
      expect((await versionsOf(CHOSEN)).filter((key) => key.endsWith('(marker)'))).toHaveLength(2)
      close()
    })

    it('undo hides the copy from every reader, and it can be kept once more', async () => {
      const { store, options, close } = await scene(access)
      const { context, gives } = await runStep('keep-backup', options)
      await stepOf('keep-backup').undo?.(context as never, gives)
      expect(await store.head(`${KEPT}/${META_FILE}`)).toBeUndefined()
      expect((await runStep('keep-backup', options)).gives).toEqual(gives)
      const { body } = await store.read(`${KEPT}/${DATA_FILE}`)
      expect(body).toEqual((await store.read(`${CHOSEN}/${DATA_FILE}`)).body)
      close()
    })
  })
}

const lab = await labS3()
versionedCases("the drill's server", lab)
afterAll(() => lab.close())

const rgw = await startRgw()
if ('skipped' in rgw) {
  tellSkipped(`needs Ceph RGW: ${rgw.skipped}`, 'the clean-up in a versioned bucket: Ceph RGW')
} else {
  versionedCases('Ceph RGW', rgw)
  afterAll(() => rgw.close())
}
