import { Worker } from 'node:worker_threads'

interface Answer {
  id: number
  block: ArrayBuffer
  deflated: Uint8Array
}

export interface Pool {
  /** The block is moved to a thread; the first `length` bytes count. Resolves to them deflated, and the block back. */
  deflate(block: ArrayBuffer, length: number): Promise<{ deflated: Uint8Array; block: ArrayBuffer }>
  /** Ends all threads; what is still asked for rejects. */
  close(): Promise<void>
}

/** Threads that deflate blocks, each block on the thread with the fewest waiting. A thread starts when it is needed. */
export function startPool(size: number, level: number): Pool {
  const url = new URL('./deflate-worker.mjs', import.meta.url)
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>()
  const threads: { worker: Worker; load: number }[] = []
  let next = 0
  let failure: Error | undefined

  function fail(error: Error): void {
    failure ??= error
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
  }

  function startThread() {
    const worker = new Worker(url)
    const thread = { worker, load: 0 }
    worker.on('message', (answer: Answer) => {
      thread.load -= 1
      waiting.get(answer.id)?.resolve(answer)
      waiting.delete(answer.id)
    })
    worker.on('error', fail)
    worker.on('exit', (code) => fail(new Error(`a gzip thread ended (${code})`)))
    threads.push(thread)
    return thread
  }

  function freest() {
    const free = threads.toSorted((a, b) => a.load - b.load)[0]
    return free && (free.load === 0 || threads.length === size) ? free : startThread()
  }

  return {
    deflate: (block, length) =>
      new Promise<Answer>((resolve, reject) => {
        if (failure) return reject(failure)
        const thread = freest()
        next += 1
        thread.load += 1
        waiting.set(next, { resolve, reject })
        thread.worker.postMessage({ id: next, level, block, length }, [block])
      }),
    close: async () => {
      fail(new Error('gzip was stopped'))
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}
