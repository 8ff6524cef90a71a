import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3Options } from '../../src/adapters/s3/options.ts'
import { s3Store } from '../../src/adapters/s3/store.ts'
import { type LabS3, type LabS3Options, startLabS3 } from '../../src/lab/s3/server.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'

export interface LabS3Fixture extends LabS3 {
  directory: string
  /** A store on the bucket `bucket`, with these options changed. */
  store(options?: Partial<S3Options>): ObjectStore
}

/** The drill's S3 server in a directory that goes with it. */
export async function labS3(options: Partial<LabS3Options> = {}): Promise<LabS3Fixture> {
  const directory = await mkdtemp(join(tmpdir(), 'er-lab-s3-'))
  const lab = await startLabS3({ directory, ...options })
  lab.createBucket('bucket')
  const { endpoint, accessKeyId, secretAccessKey } = lab
  return {
    ...lab,
    directory,
    store: (changed = {}) =>
      s3Store({
        url: 's3://bucket/prefix',
        endpoint,
        credentials: { accessKeyId, secretAccessKey },
        env: {},
        ...changed,
      }),
    close: async () => {
      await lab.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
