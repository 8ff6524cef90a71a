import { describe, expect, test } from 'vitest'
import { kvClient, liveAs } from './support/kv-client.ts'
import { runStep, stepOf } from './support/step.ts'

const GONE = '/registry/masterleases/10.0.0.9'
const ALIVE = '/registry/masterleases/10.0.0.1'
const keys = { [ALIVE]: 'alive', [GONE]: 'gone', '/registry/pods/default/p': 'pod', '/registry/masterleasesx': 'other' }

function scene() {
  const client = kvClient(keys, { leases: { [ALIVE]: '7587' } })
  return { client, run: () => runStep('clean-up-leases', { world: { live: liveAs(() => client) } }) }
}

describe('clean-up-leases', () => {
  test('removes masterleases without a lease, and nothing else', async () => {
    const { client, run } = scene()
    const { notes } = await run()
    const { [GONE]: _, ...others } = keys
    expect(client.contents()).toEqual(others)
    expect(notes).toEqual(['stale masterleases removed: 1'])
    expect(client.closed).toBe(1)
  })

  test('one that its API server wrote again meanwhile stays', async () => {
    const { client, run } = scene()
    const { deleteIfUnchanged } = client
    client.deleteIfUnchanged = async (key, modRevision) => {
      await client.put(GONE, 'back')
      return deleteIfUnchanged(key, modRevision)
    }
    const { notes } = await run()
    expect(client.contents()).toEqual({ ...keys, [GONE]: 'back' })
    expect(notes).toEqual(['stale masterleases removed: 0'])
  })

  test('undo puts back what was removed, with its value', async () => {
    const { client, run } = scene()
    const { context } = await run()
    await stepOf('clean-up-leases').undo?.(context as never, undefined)
    expect(client.contents()).toEqual(keys)
  })

  test('a cluster that does not answer is an error, not a clean one', async () => {
    const silent = runStep('clean-up-leases', { world: { live: liveAs(() => undefined) } })
    await expect(silent).rejects.toMatchObject({ code: 'ETCD_UNREACHABLE' })
  })
})
