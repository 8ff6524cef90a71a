import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listNodes } from '../../src/app/nodes.ts'
import { loadConfig } from '../../src/config/index.ts'
import { testSession } from '../support/session.ts'
import { kubeCopy } from './support/kube-copy.ts'

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

test('a copy without nodes says so', async () => {
  const events = await kubeCopy(dir, 'events', { '/registry/events/default/e': 'x' })
  await expect(list(events)).rejects.toMatchObject({ code: 'PRECONDITION', message: /none in it/, hint: /scan/ })
})
