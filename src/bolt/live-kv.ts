import { blockReader } from './blocks.ts'
import { badPage } from './damage.ts'
import { openDb, readBuckets } from './db.ts'
import type { KvRecord } from './kv.ts'
import { RecordView } from './record-view.ts'
import { SeenKeys } from './seen-keys.ts'
import type { PageSource } from './source.ts'
import { sweepLeaves } from './sweep.ts'

/**
 * Every key that exists at the last revision, the latest change first. One pass from the end to the beginning, in
 * bounded memory (8 bytes for each key and slot). The buffers are views that are valid until the next one is asked for:
 * copy what is kept. The first damaged page is `COPY_CORRUPT`.
 */
export async function* liveKv(source: PageSource, options: { signal?: AbortSignal } = {}): AsyncGenerator<KvRecord> {
  const db = await openDb(blockReader(source))
  const bucket = (await readBuckets(db)).get('key')
  if (!bucket) throw badPage(db.meta.root, 'there is no bucket of keys: this is not a database of etcd 3')
  const used = new Uint8Array(Math.ceil(db.meta.pages / 8))
  const walk = { tolerant: false, findings: [], used, signal: options.signal }
  const seen = new SeenKeys()
  const view = new RecordView()
  for await (const pages of sweepLeaves({ ...db, source }, bucket, walk)) {
    for (const page of pages) {
      for (let index = page.count - 1; index >= 0; index--) {
        view.moveTo(page, index)
        if (view.isMark) continue
        if (seen.add(view.body, view.keyStart, view.keyEnd) && !view.tombstone) yield view.toKv()
      }
    }
  }
}
