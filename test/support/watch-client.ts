import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js'
import type { Lab } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { pause } from '../../src/lab/wait.ts'
import { decodeAnswer, encodeCreate, type WatchAnswer } from './watch-messages.ts'

/** One answer of an etcd to the watch client. */
export interface Served extends WatchAnswer {
  /** `Date.now()`. */
  at: number
  node: string
}

export interface WatchClient {
  /** Every answer, in the order in which they came. */
  readonly served: readonly Served[]
  close(): Promise<void>
}

const RETRY_MS = 100
const METHOD = '/etcdserverpb.Watch/Watch'

/**
 * A client as API servers are: it watches everything, and after each failure goes on at another member from the revision
 * after the last that it has seen. Told that this is compacted, it goes on from the revision that it is told then.
 */
export function startWatch(lab: Lab): WatchClient {
  const nodes = lab.nodes.filter((node) => node.role === 'control-plane')
  const served: Served[] = []
  let stop = () => {}
  let stopped = false
  let last = 0
  const running = loop()

  async function loop() {
    for (let at = 0; !stopped; at++) {
      const node = nodes[at % nodes.length]
      if (node === undefined) throw new Error('no control plane')
      await watchOnce(node)
      if (!stopped) await pause(RETRY_MS)
    }
  }

  /** Until the stream ends, however it does. */
  function watchOnce({ name, root, address }: (typeof nodes)[number]): Promise<void> {
    const pem = (file: string) => readFileSync(join(pathsOf({ root }).clientPki, file))
    const tls = credentials.createSsl(pem('etcd-ca.crt'), pem('etcd-client.key'), pem('etcd-client.crt'))
    const client = new Client(`${address}:4001`, tls, { 'grpc.ssl_target_name_override': 'localhost' })
    const stream: ClientDuplexStream<number, WatchAnswer> = client.makeBidiStreamRequest(
      METHOD,
      encodeCreate,
      decodeAnswer,
    )
    stop = () => stream.cancel()
    stream.on('data', (answer: WatchAnswer) => {
      served.push({ ...answer, at: Date.now(), node: name })
      if (answer.compactRevision > 0) last = Math.max(answer.revision, answer.compactRevision)
      else if (answer.events > 0) last = Math.max(last, answer.revision)
      if (answer.canceled) stream.cancel()
    })
    stream.write(last === 0 ? 0 : last + 1)
    return new Promise((resolve) => {
      stream.on('error', () => undefined)
      // the last thing that every call tells, however it ended
      stream.on('status', () => {
        client.close()
        resolve()
      })
    })
  }

  return {
    served,
    close: async () => {
      stopped = true
      stop()
      await running
    },
  }
}
