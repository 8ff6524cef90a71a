// Deflates blocks on its own thread. Plain JavaScript, since a thread cannot load TypeScript; the build copies it.
// In: one of the jobs of worker-pool.ts. Out: { id, ... } with all buffers moved.
import { readlinkSync, readSync, writeSync } from 'node:fs'
import { setPriority } from 'node:os'
import { basename } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { constants, crc32, deflateRawSync } from 'node:zlib'

// A block leaves a megabyte of dead buffers and hardly any objects, so V8 sees no reason to collect before each thread
// holds 64 MB; a minor collection takes less than a millisecond and keeps 40 MB less resident.
const BLOCKS_BETWEEN = 4
setFlagsFromString('--expose-gc')
const collect = runInNewContext('typeof gc === "function" ? gc : () => {}')

// A window of 8 KiB stays in the fastest cache: at level 1 a tenth faster, and Kubernetes' values come out smaller
const TUNING = { memLevel: 9, windowBits: 13 }

if (workerData.nice > 0) {
  try {
    // Linux has a priority for each thread (setpriority(2), in its notes); elsewhere it would be that of the process
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), workerData.nice)
  } catch {
    // without /proc it goes on as everybody else
  }
}

/** What is read of a file, used again for each block. */
const room = { piece: Buffer.alloc(0), other: Buffer.alloc(0) }

const jobs = {
  /** A block from memory, which is given back to be used again. */
  block({ id, level, block, length }) {
    const deflated = movable(deflate(new Uint8Array(block, 0, length), level))
    parentPort?.postMessage({ id, block, deflated }, [block, deflated.buffer])
  },
  /** A piece of a file. */
  piece({ id, level, fd, at, length }) {
    const piece = read('piece', fd, at, length)
    const deflated = movable(deflate(piece, level))
    parentPort?.postMessage({ id, crc: crc32(piece), deflated }, [deflated.buffer])
  },
  /** A piece of a file into a place of another, where what was made ahead of the same bytes is already. */
  store({ id, level, fd, at, length, ahead, toFd, to }) {
    const piece = read('piece', fd, at, length)
    const crc = crc32(piece)
    if (isOf(ahead, piece, at, crc)) return parentPort?.postMessage({ id, crc, bytes: ahead.bytes })
    const deflated = deflate(piece, level)
    for (let done = 0; done < deflated.length; )
      done += writeSync(toFd, deflated, done, deflated.length - done, to + done)
    parentPort?.postMessage({ id, crc, bytes: deflated.length })
  },
}

/** Whether what was made ahead was made of these bytes: compared, not concluded. */
function isOf(ahead, piece, at, crc) {
  return ahead?.crc === crc && piece.equals(read('other', ahead.sourceFd, at, piece.length))
}

let blocks = 0
parentPort?.on('message', (job) => {
  jobs[job.kind](job)
  blocks += 1
  if (blocks % BLOCKS_BETWEEN === 0) collect({ type: 'minor' })
})

function deflate(data, level) {
  const chunkSize = data.length + (data.length >> 9) + 1024
  return deflateRawSync(data, { level, ...TUNING, finishFlush: constants.Z_SYNC_FLUSH, chunkSize })
}

/** Small results may lie in Node's shared pool, which cannot be moved. */
function movable(out) {
  return out.buffer.byteLength === out.length ? out : Uint8Array.from(out)
}

function read(into, fd, at, length) {
  if (room[into].length < length) room[into] = Buffer.from(new ArrayBuffer(length))
  const piece = room[into].subarray(0, length)
  for (let done = 0; done < length; ) {
    const got = readSync(fd, piece, done, length - done, at + done)
    if (got === 0) throw new Error(`a file ended at ${at + done}, where ${length - done} more bytes were expected`)
    done += got
  }
  return piece
}
