import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { type ApiAccess, askApi, podsIn } from '../apiserver/client.ts'
import type { ListedPod, PodList } from '../apiserver/pods.ts'
import { type LabNode, pathsOf } from '../layout.ts'
import { WORKLOADS } from '../workloads.ts'

export interface PodSync {
  /** While true it asks nobody and stops nothing. */
  paused: boolean
  /** How many lists it has acted on. */
  readonly answers: number
  close(): Promise<void>
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
      const running = await runningOn(node)
      const pods = await ask(address, agent, stop.signal).catch(() => undefined)
      if (pods === undefined || sync.paused) continue
      await stopUnlisted(node, running, pods)
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

async function runningOn(node: LabNode): Promise<string[]> {
  const { workloads } = pathsOf(node)
  return existsSync(workloads) ? readdir(workloads) : []
}

/** Of those that ran when it asked: one that began since may be younger than the list. */
async function stopUnlisted(node: LabNode, running: readonly string[], pods: readonly ListedPod[]): Promise<void> {
  const mine = pods.filter(({ spec }) => spec.nodeName === node.name)
  const listed = new Set(mine.map(({ metadata }) => `${metadata.namespace}_${metadata.name}`))
  const { workloads } = pathsOf(node)
  for (const name of running) if (!listed.has(name)) await rm(join(workloads, name), { force: true })
}

async function ask(host: string, agent: Agent, stop: AbortSignal): Promise<ListedPod[]> {
  const answer = await askApi(host, podsIn(WORKLOADS), agent, AbortSignal.any([stop, AbortSignal.timeout(ANSWER_MS)]))
  return ((await json(answer)) as PodList).items
}
