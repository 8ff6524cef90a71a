import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listNodes } from '../../src/app/nodes.ts'
import { loadConfig } from '../../src/config/index.ts'
import { nodesLines } from '../../src/ui/nodes.ts'
import { testSession } from '../support/session.ts'
import { kubeCopy, objects } from './support/kube-copy.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-nodes-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const list = (source: string) => listNodes(testSession(dir), { source, etcdCluster: 'main' })

test('control plane first, with addresses, in the form that the config takes', async () => {
  const value = await list(await kubeCopy(dir, 'copy'))
  expect(value.nodes).toEqual([
    expect.objectContaining({ name: 'cp', role: 'control-plane', address: '10.0.0.1', internalIp: '10.0.0.1' }),
    expect.objectContaining({ name: 'w1', role: 'worker', address: '10.0.1.1', providerId: 'drill:///w1' }),
  ])
  expect(value.notes).toEqual(['1 node cannot be read: encrypted at rest, or damaged'])
  const config = join(dir, 'from-nodes.yaml')
  await writeFile(config, value.yaml)
  const { nodes } = await loadConfig({ config, env: {}, cwd: dir })
  expect(nodes.controlPlane).toMatchObject([{ name: 'cp', address: '10.0.0.1' }])
  expect(nodes.workers).toMatchObject([{ name: 'w1', address: '10.0.1.1' }])
})

test('those of role APIServer are told, and go where fence finds them', async () => {
  const apiServer = {
    ...{ apiVersion: 'v1', kind: 'Node' },
    metadata: { name: 'api1', labels: { 'node-role.kubernetes.io/api-server': '' } },
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.21' }] },
  }
  const held = { ...objects, '/registry/minions/api1': JSON.stringify(apiServer) }
  const value = await list(await kubeCopy(dir, 'api-servers', held))
  expect(value.nodes.map(({ name, role }) => `${name} ${role}`)).toEqual([
    'cp control-plane',
    'api1 api-server',
    'w1 worker',
  ])
  expect(nodesLines(value).some((line) => /api1 +api-server +10\.0\.0\.21/.test(line))).toBe(true)
  const config = join(dir, 'with-api-servers.yaml')
  await writeFile(config, value.yaml)
  const { nodes } = await loadConfig({ config, env: {}, cwd: dir })
  expect(nodes.workers).toMatchObject([{ name: 'api1', address: '10.0.0.21', apiServer: true }, { name: 'w1' }])
})

test('a copy without nodes says so', async () => {
  const events = await kubeCopy(dir, 'events', { '/registry/events/default/e': 'x' })
  await expect(list(events)).rejects.toMatchObject({ code: 'PRECONDITION', message: /none in it/, hint: /scan/ })
})
