import { describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import type { Prompter } from '../../src/ports/prompter.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { copyOf, runStep } from './support/step.ts'

const good = copyOf({ revision: 900, walTerm: 3, walIndex: 950 })
const twin = copyOf({ node: 'b', id: 'b:old', revision: 890, walTerm: 3, walIndex: 930 })
const seeded = copyOf({
  id: 'a:new',
  token: 'new',
  path: '/mnt/v/data/new',
  place: 'data',
  serving: true,
  clusterId: 'ff',
  revision: 4,
})
const copies = [seeded, twin, good]
const choose = (inputs: unknown, prompter?: Prompter, all = copies) =>
  runStep('choose-copy', { facts: { copies: all }, inputs, ...(prompter ? { world: { prompter } } : {}) })

describe('choose-copy', () => {
  test('takes the member whose log reaches furthest, never what runs now', async () => {
    expect((await choose({})).gives).toEqual({ copy: good })
  })

  test('takes the copy that is named, by its id or by its place', async () => {
    expect((await choose({ copy: 'b:old' })).gives).toEqual({ copy: twin })
    expect((await choose({ copy: `b:${twin.path}` })).gives).toEqual({ copy: twin })
  })

  test('an unknown or ambiguous name is COPY_NOT_FOUND and says what there is', async () => {
    await expect(choose({ copy: 'c:x' })).rejects.toMatchObject({ code: 'COPY_NOT_FOUND', hint: /a:new, b:old, a:old/ })
    const again = copyOf({ path: '/mnt/v/data/old', place: 'data' })
    await expect(choose({ copy: 'a:old' }, undefined, [good, again])).rejects.toMatchObject({
      code: 'COPY_NOT_FOUND',
      hint: `name one by its path: --copy a:${good.path}`,
    })
  })

  test('asks on a terminal, with the members of one cluster told apart', async () => {
    const asked: Prompter = {
      ...memoryPrompter(),
      interactive: true,
      select: async (_, choices) => {
        expect(new Set(choices.map(({ value }) => value)).size).toBe(3)
        expect(choices.find(({ disabled }) => disabled)?.label).toMatch(/^a:new/)
        return choices[1]?.value as never
      },
    }
    expect((await choose({}, asked)).gives).toEqual({ copy: twin })
  })

  test('a running cluster that holds about as much is not replaced without being told to', async () => {
    const full = { ...good, recordsKept: 10 }
    const live = liveAs(() =>
      kvClient(Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`/registry/pods/p${i}`, 'x']))),
    )
    const choosing = (inputs: unknown) =>
      runStep('choose-copy', { facts: { copies: [full, seeded] }, inputs, world: { live } })
    await expect(choosing({})).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--copy a:old/ })
    expect((await choosing({ copy: 'a:old' })).gives).toEqual({ copy: full })
  })

  test('two clusters that hold about as much are not told apart by guessing: both are named', async () => {
    const full = { ...good, recordsKept: 1000 }
    const rival = copyOf({ id: 'c:other', token: 'other', node: 'c', clusterId: 'dd', recordsKept: 700 })
    await expect(choose({}, undefined, [full, rival])).rejects.toMatchObject({
      code: 'ANSWER_MISSING',
      hint: 'say which one is right: --copy a:old or --copy c:other',
    })
    expect((await choose({}, undefined, [full, { ...rival, recordsKept: 10 }])).gives).toEqual({ copy: full })
  })

  test('nothing but an empty cluster is COPY_NOT_FOUND', async () => {
    await expect(choose({}, undefined, [seeded])).rejects.toMatchObject({ code: 'COPY_NOT_FOUND' })
  })
})
