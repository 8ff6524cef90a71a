import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryPrompter } from '../../../src/adapters/memory/prompter.ts'
import { memoryStore } from '../../../src/adapters/memory/store.ts'
import { CREATED_KEY, encodeCreated, encodeSpec, SPEC_KEY } from '../../../src/etcd-manager/control.ts'
import type { ObjectStore } from '../../../src/ports/object-store.ts'
import type { Facts, Seat } from '../../../src/steps/facts.ts'
import { manifestsOf, node, targetOf } from './nodes.ts'
import { tempDir } from './temp.ts'

type Options = Parameters<typeof node>[1]

export const NAMES = ['a', 'b', 'c'] as const
export const TOKEN = '-AbCdEfGhIjKlMnOpQrStU'

/** A store whose control files are those of a healthy cluster. */
export async function healthyStore(): Promise<ObjectStore> {
  const store = memoryStore()
  await store.write(CREATED_KEY, encodeCreated(new Date(0)))
  await store.write(SPEC_KEY, encodeSpec({ memberCount: 3, etcdVersion: '3.5.30' }))
  return store
}

export const placementOf = (seats: Seat[], over: Partial<Facts['placement']> = {}): Facts['placement'] => ({
  ...{ token: TOKEN, clusterId: 'cc', etcdVersion: '3.5.30', seats },
  members: seats.map(({ name }) => ({
    ...{ name, tlsEnabled: true, peerUrls: [`https://${name}:2380`] },
    ...{ clientUrls: [`https://${name}:4001`], quarantinedClientUrls: [] },
  })),
  ...over,
})

/** Three control-plane nodes with disks and static pods, and a seat on each. */
export async function threeNodes(options: Options = {}) {
  const dir = await tempDir()
  const log: string[] = []
  const away = new Set<string>()
  /** Nodes whose kubelet does not run. */
  const down = new Set<string>()
  const rootOf = (name: string) => join(dir, name)
  const baseOf = (name: string) => join(rootOf(name), 'mnt/v')
  const controlPlane = NAMES.map((name) => {
    mkdirSync(join(baseOf(name), 'data-trashcan', TOKEN), { recursive: true, mode: 0o700 })
    return node(name, {
      ...{ containers: ['etcd-manager', 'kube-apiserver'], log, root: rootOf(name), manifests: true, ...options },
      isAway: () => away.has(name),
      kubelet: () => (down.has(name) ? 'inactive' : 'active'),
    })
  })
  const seats: Seat[] = NAMES.map((name) => {
    const base = baseOf(name)
    return { node: name, base, name: `etcd-${name}`, source: `${base}/data-trashcan/${TOKEN}` }
  })
  const store = await healthyStore()
  return {
    ...{ dir, log, away, down, baseOf, controlPlane, seats, store },
    target: targetOf(controlPlane),
    prompter: memoryPrompter(),
    /** Nodes whose manifest of this pod is where kubelet runs it. */
    inPlace: (pod: string) => NAMES.filter((name) => existsSync(join(manifestsOf(rootOf(name)), `${pod}.manifest`))),
    manifestOf: (name: string, pod: string) => join(manifestsOf(rootOf(name)), `${pod}.manifest`),
    /** A database of the cluster that runs now. */
    giveDb: (name: string, token = 'new') => {
      const snap = join(baseOf(name), 'data', token, 'member/snap')
      mkdirSync(snap, { recursive: true })
      writeFileSync(join(snap, 'db'), 'pages')
      return join(snap, 'db')
    },
  }
}
