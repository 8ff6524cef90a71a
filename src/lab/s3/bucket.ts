import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BucketSettings, PendingUpload, Version } from './model.ts'

/**
 * One bucket on disk: `bucket.json`, `data/<random>` with the bytes, `meta/<random>.json` for each version. What
 * changes the index is synchronous, so that a condition that was looked at still holds when the change is made.
 */
export class Bucket {
  readonly name: string
  readonly directory: string
  readonly uploads = new Map<string, PendingUpload>()
  settings: BucketSettings = { versioning: 'Off', encryption: undefined, lifecycle: [] }
  /** Newest version first. */
  readonly #versions = new Map<string, Version[]>()
  readonly #metaOf = new WeakMap<Version, string>()
  #sorted: string[] | undefined

  constructor(name: string, directory: string) {
    this.name = name
    this.directory = directory
    for (const folder of ['data', 'meta']) mkdirSync(join(directory, folder), { recursive: true, mode: 0o700 })
    this.#load()
  }

  current(key: string): Version | undefined {
    const [newest] = this.#versions.get(key) ?? []
    return newest?.deleteMarker ? undefined : newest
  }

  versions(key: string): readonly Version[] {
    return this.#versions.get(key) ?? []
  }

  /** In the order of their UTF-8 bytes, as S3 lists them. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.#versions.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    return this.#sorted
  }

  /** Makes this the current version: in place of the `null` one, or on top of all where versions are kept. */
  commit(version: Version): void {
    const older = this.#versions.get(version.key) ?? []
    const replaced = this.settings.versioning === 'Off' ? older : older.filter((v) => v.id === version.id)
    this.#write(version)
    this.#set(version.key, [version, ...older.filter((v) => !replaced.includes(v))])
    for (const old of replaced) this.#erase(old)
  }

  removeVersion(version: Version): void {
    this.#set(
      version.key,
      this.versions(version.key).filter((v) => v !== version),
    )
    this.#erase(version)
  }

  saveSettings(): void {
    writeWhole(join(this.directory, 'bucket.json'), this.settings)
  }

  isEmpty(): boolean {
    return this.#versions.size === 0
  }

  newFile(): { name: string; path: string } {
    const name = randomBytes(12).toString('hex')
    return { name, path: this.pathOf(name) }
  }

  pathOf(file: string): string {
    return join(this.directory, 'data', file)
  }

  #set(key: string, versions: Version[]): void {
    if (versions.length === 0) this.#versions.delete(key)
    else this.#versions.set(key, versions)
    this.#sorted = undefined
  }

  #write(version: Version): void {
    const path = join(this.directory, 'meta', `${randomBytes(12).toString('hex')}.json`)
    writeWhole(path, version)
    this.#metaOf.set(version, path)
  }

  #erase(version: Version): void {
    const meta = this.#metaOf.get(version)
    if (meta) rmSync(meta, { force: true })
    for (const file of version.files) rmSync(this.pathOf(file.name), { force: true })
  }

  /** Parts of uploads that a stopped server had not finished. */
  #dropOrphans(found: Version[]): void {
    const used = new Set(found.flatMap((version) => version.files.map((file) => file.name)))
    for (const name of readdirSync(join(this.directory, 'data'))) if (!used.has(name)) rmSync(this.pathOf(name))
  }

  #load(): void {
    const settings = join(this.directory, 'bucket.json')
    if (readdirSync(this.directory).includes('bucket.json')) this.settings = JSON.parse(readFileSync(settings, 'utf8'))
    const folder = join(this.directory, 'meta')
    const found: Version[] = []
    for (const name of readdirSync(folder).filter((n) => n.endsWith('.json'))) {
      const version: Version = JSON.parse(readFileSync(join(folder, name), 'utf8'))
      this.#metaOf.set(version, join(folder, name))
      found.push(version)
    }
    this.#dropOrphans(found)
    found.sort((a, b) => a.modifiedAt - b.modifiedAt)
    for (const version of found) this.#set(version.key, [version, ...this.versions(version.key)])
  }
}

function writeWhole(path: string, value: unknown): void {
  writeFileSync(`${path}.part`, JSON.stringify(value), { mode: 0o600 })
  renameSync(`${path}.part`, path)
}
