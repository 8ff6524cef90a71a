import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { memoryTarget, memoryWorld } from '../../src/adapters/memory/world.ts'
import { nodeValue } from '../../src/lab/kube-kinds.ts'
import { returnMembers } from '../../src/steps/support/members.ts'
import { etcd, memberDir } from './support/member-dir.ts'
import { contextOf, stepOf } from './support/step.ts'

const dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
afterAll(() => rm(dir, { recursive: true, force: true }))

const at = (name: string, address: string) => ({ name, address, port: 22, root: '/', volumes: [] })
const target = { ...memoryTarget, nodes: { controlPlane: [at('a', '10.0.0.1')], workers: [at('old', '10.0.0.9')] } }

test('says before anything is changed which nodes of the data the config lacks, and the reverse', async () => {
  const node = (name: string, address: string, isControlPlane = false) =>
    nodeValue(name, { address, isControlPlane, uid: name })
  const release = await memberDir(join(dir, 'nodes'), async ({ client }) => {
    await client.put('/registry/minions/ip-10-0-0-1', node('ip-10-0-0-1', '10.0.0.1', true))
    await client.put('/registry/minions/w1', node('w1', '10.0.1.1'))
    await client.put('/registry/minions/hidden', 'k8s:enc:aescbc:v1:key1:xyz')
  })
  const restored = { dataDir: join(dir, 'nodes'), minor: release.minor, version: release.version }
  const made = contextOf('list-nodes', { facts: { restored }, world: { ...memoryWorld(), etcd, target } })
  try {
    await stepOf('list-nodes').act(made.context as never)
  } finally {
    await returnMembers(made.world)
  }
  expect(made.notes).toEqual([
    'careful: 2 of 3 nodes of the data are not in the config, so their kubelets are not restarted: hidden, w1 10.0.1.1',
    '1 node of the config is not in the data: old',
    '1 node of the data cannot be read but by name: encrypted at rest, or damaged',
    expect.stringContaining('etcd-rescue nodes SOURCE'),
  ])
})
