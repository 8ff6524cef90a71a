// Deflates blocks on its own thread. Plain JavaScript, since a thread cannot load TypeScript; the build copies it.
// In: { id, level, block: ArrayBuffer, length }. Out: { id, block, deflated: Uint8Array } with both buffers moved, so
// that the block is used again.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort } from 'node:worker_threads'
import { constants, deflateRawSync } from 'node:zlib'

// A block leaves a megabyte of dead buffers and hardly any objects, so V8 sees no reason to collect before each thread
// holds 64 MB; a minor collection takes less than a millisecond and keeps 40 MB less resident.
const BLOCKS_BETWEEN = 8
setFlagsFromString('--expose-gc')
const collect = runInNewContext('typeof gc === "function" ? gc : () => {}')

// A window of 8 KiB stays in the fastest cache: at level 1 a tenth faster, and Kubernetes' values come out smaller
const TUNING = { memLevel: 9, windowBits: 13 }

let blocks = 0
parentPort?.on('message', ({ id, level, block, length }) => {
  const chunkSize = length + (length >> 9) + 1024
  const options = { level, ...TUNING, finishFlush: constants.Z_SYNC_FLUSH, chunkSize }
  const out = deflateRawSync(new Uint8Array(block, 0, length), options)
  // small results may lie in Node's shared pool, which cannot be moved
  const deflated = out.buffer.byteLength === out.length ? out : Uint8Array.from(out)
  parentPort?.postMessage({ id, block, deflated }, [block, deflated.buffer])
  blocks += 1
  if (blocks % BLOCKS_BETWEEN === 0) collect({ type: 'minor' })
})
