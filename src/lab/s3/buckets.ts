import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Bucket } from './bucket.ts'
import { S3Error } from './s3-error.ts'

/** All buckets of a server, each a folder of its directory. */
export class Buckets {
  readonly #directory: string
  readonly #all = new Map<string, Bucket>()

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.#directory = directory
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) this.#all.set(entry.name, new Bucket(entry.name, join(directory, entry.name)))
    }
  }

  get(name: string): Bucket {
    const bucket = this.#all.get(name)
    if (!bucket) throw new S3Error('NoSuchBucket', { BucketName: name })
    return bucket
  }

  create(name: string): Bucket {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) throw new S3Error('InvalidBucketName', { BucketName: name })
    if (this.#all.has(name)) throw new S3Error('BucketAlreadyOwnedByYou', { BucketName: name })
    const bucket = new Bucket(name, join(this.#directory, name))
    bucket.saveSettings()
    this.#all.set(name, bucket)
    return bucket
  }

  remove(name: string): void {
    const bucket = this.get(name)
    if (!bucket.isEmpty()) throw new S3Error('BucketNotEmpty', { BucketName: name })
    this.#all.delete(name)
    rmSync(bucket.directory, { recursive: true, force: true })
  }

  all(): Bucket[] {
    return [...this.#all.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}
