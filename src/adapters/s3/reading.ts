import { tooLarge } from '../store-errors.ts'
import { download } from './download.ts'
import type { Session } from './session.ts'

/** A small object, whole; larger than `maxBytes` is `STORE_CORRUPT` before its body is read. */
export async function readObject(session: Session, key: string, maxBytes: number, signal?: AbortSignal) {
  const { body, size, version } = await download(session, key, { start: 0, end: undefined }, signal)
  if (size > maxBytes) {
    body.destroy()
    throw tooLarge(session.place.url, key, maxBytes)
  }
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk as Buffer)
  return { body: Buffer.concat(chunks), version }
}
