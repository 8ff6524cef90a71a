import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RescueError } from '../../../src/errors/rescue-error.ts'
import type { ErrorCode } from '../../../src/errors/table.ts'
import { knownSeats } from '../../../src/steps/support/known-seats.ts'
import { node, noEtcd, targetOf } from './nodes.ts'
import { tempDir } from './temp.ts'

test('what each node tells before anything is chosen: its volume, why none is known, nothing of one that is away', async () => {
  const dir = await tempDir()
  const at = (name: string, volume: string) => join(dir, name, 'mnt', volume)
  for (const volume of ['now', 'snap']) mkdirSync(join(at('b', volume), 'data/t/member'), { recursive: true })
  const hosts = ['a', 'b', 'c'].map((name) =>
    node(name, { root: join(dir, name), containers: [], isAway: () => name === 'c' }),
  )
  const held = (name: string, volume: string, serving = false) => ({
    ...{ node: name, path: `${at(name, volume)}/data/t`, etcdCluster: 'main', serving },
  })
  const copies = [held('a', 'now', true), held('a', 'snap'), held('b', 'now'), held('b', 'snap')]
  const seats = await knownSeats(targetOf(hosts), hosts, copies)
  expect([...seats]).toEqual([
    ['a', { is: 'seen', value: at('a', 'now') }],
    [
      'b',
      {
        is: 'unseen',
        why: expect.stringMatching(/^b: .*now and .*snap both hold data/),
        hint: expect.stringContaining(`--set seats=b=${at('b', 'now')}`),
      },
    ],
  ])
  const said = await knownSeats(targetOf(hosts), hosts, copies, new Map([['b', '/mnt/snap/']]))
  expect(said.get('b')).toEqual({ is: 'seen', value: at('b', 'snap') })
})

test('a node that was searched whole and has no volume is seen: it has none; where a part was not seen, that is not known', async () => {
  const dir = await tempDir()
  for (const name of ['a', 'b']) mkdirSync(join(dir, name, 'mnt'), { recursive: true })
  symlinkSync('loop', join(dir, 'b/mnt/loop'))
  const hosts = ['a', 'b'].map((name) => node(name, { root: join(dir, name), containers: [], script: noEtcd }))
  const seats = await knownSeats(targetOf(hosts), hosts, [])
  expect(seats.get('a')).toEqual({ is: 'absent' })
  expect(seats.get('b')).toMatchObject({
    is: 'unseen',
    why: expect.stringMatching(/^b: .*loop could not be looked at/),
  })
  const said = await knownSeats(targetOf(hosts), hosts, [], new Map([['a', '/mnt/v']]))
  expect(said.get('a')).toEqual({ is: 'seen', value: join(dir, 'a/mnt/v') })
})

const refuses = (code: ErrorCode) => {
  const refused = new RescueError(code, 'a refuses', { hint: 'mend it' })
  const host = node('a', {
    script: () => {
      throw refused
    },
  })
  return knownSeats(targetOf([host]), [host], [])
}

test.each<ErrorCode>(['HOST_AUTH', 'HOST_SUDO', 'HOST_CONNECTION_LOST'])(
  'of a node that answered before, and now ends with %s, no volume is known, and why',
  async (code) => {
    expect([...(await refuses(code))]).toEqual([['a', { is: 'unseen', why: 'a refuses', hint: 'mend it' }]])
  },
)

test('a host key that changed meanwhile is never passed over', async () => {
  await expect(refuses('HOST_KEY_CHANGED')).rejects.toMatchObject({ code: 'HOST_KEY_CHANGED' })
})
