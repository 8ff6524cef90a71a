import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import type { ListedPod } from '../apiserver/pods.ts'
import { API_PORT, type LabNode, pathsOf } from '../layout.ts'
import { WORKLOADS } from '../workloads.ts'

export interface PodSync {
  /** While true it asks nobody and stops nothing. */
  paused: boolean
  /** How many lists it has acted on. */
  readonly answers: number
  close(): Promise<void>
}

export interface ApiAccess {
  addresses: readonly string[]
  ca: string
  cert: string
  key: string
}

const ANSWER_MS = 2_000

/**
 * The part of a worker's kubelet that an empty cluster is dangerous for: it asks the API servers in turn which pods are
 * its own, and what runs here and is not on the list is stopped (kubernetes/kubernetes 38918). With no answer from
 * any of them everything goes on running.
 */
export function syncPods(node: LabNode, { addresses, ...tls }: ApiAccess, everyMs: number): PodSync {
  const agent = new Agent({ ...tls, keepAlive: false })
  const stop = new AbortController()
  let next = 0
  const sync = { paused: false, answers: 0, close }
  const running = loop()

  async function loop() {
    while (!stop.signal.aborted) {
      if (!sync.paused) await once()
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }

  async function once() {
    for (let tries = 0; tries < addresses.length; tries++) {
      const address = addresses[next++ % addresses.length] ?? ''
      const pods = await ask(address, agent, stop.signal).catch(() => undefined)
      if (pods === undefined || sync.paused) continue
      await stopUnlisted(node, pods)
      sync.answers += 1
      return
    }
  }

  async function close() {
    stop.abort()
    await running
    agent.destroy()
  }

  return sync
}

async function stopUnlisted(node: LabNode, pods: readonly ListedPod[]): Promise<void> {
  const { workloads } = pathsOf(node)
  if (!existsSync(workloads)) return
  const mine = pods.filter(({ spec }) => spec.nodeName === node.name)
  const listed = new Set(mine.map(({ metadata }) => `${metadata.namespace}_${metadata.name}`))
  for (const name of await readdir(workloads)) if (!listed.has(name)) await rm(join(workloads, name))
}

function ask(host: string, agent: Agent, stop: AbortSignal): Promise<ListedPod[]> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(ANSWER_MS)])
  const options = { host, port: API_PORT, path: `/api/v1/namespaces/${WORKLOADS}/pods`, agent, signal }
  return new Promise((resolve, reject) => {
    const sent = request(options, async (answer) => {
      try {
        let text = ''
        for await (const chunk of answer) text += chunk
        if (answer.statusCode !== 200) throw new Error(`${host}: ${answer.statusCode}`)
        resolve((JSON.parse(text) as { items: ListedPod[] }).items)
      } catch (error) {
        reject(error)
      }
    })
    sent.on('error', reject)
    sent.end()
  })
}
