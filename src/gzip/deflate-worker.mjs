// Deflates blocks on its own thread. Plain JavaScript, since a thread cannot load TypeScript; the build copies it.
// In: { id, level, block: ArrayBuffer, length }. Out: { id, block, deflated: Uint8Array } with both buffers moved, so
// that the block is used again.
import { parentPort } from 'node:worker_threads'
import { constants, deflateRawSync } from 'node:zlib'

parentPort?.on('message', ({ id, level, block, length }) => {
  const options = { level, memLevel: 9, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: length + (length >> 9) + 1024 }
  const out = deflateRawSync(new Uint8Array(block, 0, length), options)
  // small results may lie in Node's shared pool, which cannot be moved
  const deflated = out.buffer.byteLength === out.length ? out : Uint8Array.from(out)
  parentPort?.postMessage({ id, block, deflated }, [block, deflated.buffer])
})
