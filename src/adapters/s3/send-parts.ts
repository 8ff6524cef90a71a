import type { BufferPool } from './buffer-pool.ts'
import { type MultipartUpload, sendPart } from './multipart.ts'
import type { Part } from './parts.ts'
import type { Session } from './session.ts'

const AT_ONCE = 4

export interface PartsJob {
  session: Session
  parts: AsyncGenerator<Part, void, undefined>
  pool: BufferPool
  /** Ends the source and all requests; also fires at the first failure. */
  stop: AbortController
  onProgress: ((bytes: number) => void) | undefined
}

/** Sends four parts at once. Returns the bytes sent; when it rejects, nothing is under way any more. */
export async function sendParts(job: PartsJob, upload: MultipartUpload, first: Part): Promise<number> {
  const { parts, stop } = job
  const running = new Set<Promise<void>>()
  let sent = 0
  let failure: { error: unknown } | undefined
  const fail = (error: unknown) => {
    failure ??= { error }
    stop.abort(error)
  }
  const send = async (part: Part) => {
    await sendPart(job.session, upload, part, stop.signal)
    sent += part.bytes.length
    job.onProgress?.(sent)
    job.pool.give(part.bytes)
  }
  try {
    for (let part: Part | undefined = first; part && !failure; part = (await parts.next()).value ?? undefined) {
      const task = send(part).then(undefined, fail)
      running.add(task)
      task.finally(() => running.delete(task))
      if (running.size >= AT_ONCE) await Promise.race(running)
    }
  } catch (error) {
    fail(error) // the source's
  }
  await Promise.all(running)
  if (failure) throw failure.error
  return sent
}
