import { describe, expect, test } from 'vitest'
import { findRunbook, listRunbooks } from '../../src/app/runbooks.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { LiveEtcd } from '../../src/ports/etcd.ts'
import { contextOf, stepOf } from './support/step.ts'

const LOOK = ['choose-copy', 'choose-generation', 'choose-backup']

const live = (mustBeReadable: NonNullable<LiveEtcd['mustBeReadable']>): LiveEtcd => ({
  connect: async () => {
    throw new Error('nothing is to be read yet')
  },
  mustBeReadable,
})

describe.each(LOOK)('%s', (id) => {
  const check = async (mustBeReadable: NonNullable<LiveEtcd['mustBeReadable']>) => {
    const made = contextOf(id, { world: { live: live(mustBeReadable) } })
    await stepOf(id).check?.(made.context as never)
    return made.notes
  }

  test('goes no further when nothing could prove the result', async () => {
    const refused = check(async () => {
      throw new RescueError('PRECONDITION', 'no client certificate anywhere', { hint: 'put one there' })
    })
    await expect(refused).rejects.toMatchObject({ code: 'PRECONDITION', message: /no client certificate/ })
  })

  test('says of which nodes it cannot be proved', async () => {
    const notes = await check(async () => [{ node: 'c', why: 'c has no client certificate for etcd' }])
    expect(notes).toEqual(['careful: c has no client certificate for etcd: what its etcd holds cannot be compared'])
  })
})

test('every runbook that compares the data looks for that before it fences', async () => {
  const names = (await listRunbooks()).map(({ name }) => name)
  const steps = await Promise.all(names.map(async (name) => (await findRunbook(name)).steps.map(({ uses }) => uses)))
  const comparing = steps.filter((ids) => ids.includes('verify-data'))
  expect(comparing.length).toBe(4)
  for (const ids of comparing) {
    const at = ids.findIndex((id) => LOOK.includes(id))
    expect(at).toBeGreaterThanOrEqual(0)
    expect(at).toBeLessThan(ids.indexOf('fence'))
  }
})
