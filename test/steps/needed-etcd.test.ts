import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { RescueError, WithheldError } from '../../src/errors/rescue-error.ts'
import type { LocalEtcd } from '../../src/ports/etcd.ts'
import { minorOfData, mustHaveEtcd } from '../../src/steps/support/needed-etcd.ts'
import { copyOf, runStep } from './support/step.ts'

const asked: string[] = []
const missing: LocalEtcd = {
  ...memoryWorld().etcd,
  find: async (minor) => {
    asked.push(minor)
    throw new RescueError('ETCD_MISSING', `no etcd ${minor} was found on this machine`, { hint: '--etcd-bin-dir DIR' })
  },
}

describe('etcd on this machine', () => {
  test('is looked for when the copy is chosen, and not when it was fetched', async () => {
    const copies = [copyOf({ etcdVersion: '3.7.1' })]
    const chosen = runStep('choose-copy', { facts: { copies }, world: { etcd: missing } })
    await expect(chosen).rejects.toMatchObject({ code: 'ETCD_MISSING', message: /no etcd 3\.7/ })
  })

  test('that a dry run would download is said, and does not end it', async () => {
    const find: LocalEtcd['find'] = async () => {
      throw new WithheldError('download etcd 3.5.30')
    }
    const notes: string[] = []
    const world = memoryWorld({ etcd: { ...missing, find }, store: memoryStore() })
    const { signal } = new AbortController()
    await mustHaveEtcd({ world, signal, note: (line) => notes.push(line) }, '3.5.30')
    expect(notes).toEqual(['etcd 3.5 is not on this machine: a run gets it first, or takes it from --etcd-bin-dir DIR'])
  })

  test('is of the minor version of the data, and 3.5 where that is not told', () => {
    expect([minorOfData('3.4.23'), minorOfData('3.10.0'), minorOfData(undefined)]).toEqual(['3.4', '3.10', '3.5'])
  })
})
