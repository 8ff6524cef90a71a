import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kvClient, liveAs } from './support/kv-client.ts'
import { memberDir } from './support/member-dir.ts'
import { runStep } from './support/step.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  await memberDir(dir, async ({ client }) => {
    await client.put('/registry/pods/default/a', 'pod')
    await client.put('/registry/secrets/default/key', 'old')
    await client.put('/registry/namespaces/default', 'same')
    await client.put('/registry/masterleases/10.0.0.1', 'x')
  })
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const facts = () => ({ expected: { keys: 4, digest: '', revision: 5, dataDir: dir, minor: '3.5' } })

describe('compare-with-running', () => {
  test('says by kind what comes back, changes and is lost, and which of it is no loss', async () => {
    const client = kvClient({
      '/registry/namespaces/default': 'same',
      '/registry/secrets/default/key': 'new',
      '/registry/configmaps/default/written-since': 'x',
      '/registry/events/default/e': 'x',
    })
    const { notes, tables } = await runStep('compare-with-running', {
      facts: facts(),
      world: { live: liveAs(() => client) },
    })
    const [[columns, ...rows] = []] = tables
    expect(columns).toEqual(['resource', 'namespace', 'come back', 'lost', 'change'])
    expect(rows.sort()).toEqual([
      ['configmaps', 'default', '0', '1', '0'],
      ['events', 'default', '0', '1', '0'],
      ['masterleases', '', '1', '0', '0'],
      ['pods', 'default', '1', '0', '0'],
      ['secrets', 'default', '0', '0', '1'],
    ])
    expect(notes).toEqual([
      'the restore brings back 2 keys, changes 1, and drops 2 that are only there now',
      'lost with the running cluster: "/registry/configmaps/default/written-since"',
      expect.stringMatching(/^of these, 1 are no loss: masterleases/),
      expect.stringMatching(/^of these, 1 are no loss: events/),
      expect.stringMatching(/^1 pod comes back .*phantoms/),
    ])
    expect(client.closed).toBe(1)
  })

  test('a cluster that does not answer is said, and the run goes on', async () => {
    const { notes } = await runStep('compare-with-running', { facts: facts() })
    expect(notes).toEqual([expect.stringMatching(/could not be compared: /)])
  })
})
