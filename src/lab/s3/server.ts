import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RescueError } from '../../errors/rescue-error.ts'
import { Buckets } from './buckets.ts'
import { type Asked, Faults } from './faults.ts'
import { handle } from './handle.ts'
import { runLifecycle } from './lifecycle.ts'

export interface LabS3Options {
  /** Everything lies below it; made 0700 when missing. What it holds from an earlier run is served again. */
  directory: string
  /** Default 127.0.0.1. */
  address?: string
  /** Default any free port. */
  port?: number
  accessKeyId?: string
  secretAccessKey?: string
  /** Requests that are signed for another region are refused, as AWS does. Default `us-east-1`. */
  region?: string
  /** How long a day of a lifecycle rule lasts, in milliseconds. Default 24 hours. */
  lifecycleDayMs?: number
  /** Milliseconds since 1970, for a server whose clock is wrong. */
  now?: () => number
  /** Told of every request after it was carried out. */
  onRequest?: (asked: Asked, status: number) => void
}

export interface LabS3 {
  /** `http://127.0.0.1:<port>`, path style. */
  endpoint: string
  accessKeyId: string
  secretAccessKey: string
  region: string
  faults: Faults
  /** Makes a bucket without a request. Existing ones are fine. */
  createBucket(name: string): void
  /** Lets the lifecycle rules act now; returns what expired, as `bucket/key`. They also act by themselves. */
  runLifecycle(): string[]
  /** Ends connections and timers; the directory stays. */
  close(): Promise<void>
}

const DAY_MS = 86_400_000

/**
 * A small S3 server of our own for the drill: path style, signature V4, checksums, multipart, conditional writes,
 * versions, lifecycle rules that run. `STORE_UNREACHABLE` when it can't listen.
 */
export async function startLabS3(options: LabS3Options): Promise<LabS3> {
  const accessKeyId = options.accessKeyId ?? `LAB${randomBytes(8).toString('hex').toUpperCase()}`
  const secretAccessKey = options.secretAccessKey ?? randomBytes(20).toString('hex')
  const region = options.region ?? 'us-east-1'
  const now = options.now ?? Date.now
  const dayMs = options.lifecycleDayMs ?? DAY_MS
  const buckets = new Buckets(options.directory)
  const faults = new Faults()
  const state = { rules: { accessKeyId, secretAccessKey, region, now }, buckets, faults, onRequest: options.onRequest }
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 30_000 }, (request, response) => {
    void handle(state, request, response)
  })
  const port = await listen(server, options.port ?? 0, options.address ?? '127.0.0.1')
  const expire = () => runLifecycle(buckets, now(), dayMs)
  const timer = setInterval(expire, Math.min(Math.max(dayMs / 10, 100), 60_000))
  timer.unref()
  return {
    endpoint: `http://${options.address ?? '127.0.0.1'}:${port}`,
    accessKeyId,
    secretAccessKey,
    region,
    faults,
    createBucket: (name) => {
      if (!buckets.all().some((bucket) => bucket.name === name)) buckets.create(name)
    },
    runLifecycle: expire,
    close: () => {
      clearInterval(timer)
      return closeServer(server)
    },
  }
}

function listen(server: Server, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `the drill's S3 server can't listen on ${address}:${port}`
      reject(
        new RescueError('STORE_UNREACHABLE', message, { hint: 'end what uses the port, or give another one', cause }),
      )
    })
    server.listen(port, address, () => resolve((server.address() as AddressInfo).port))
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
