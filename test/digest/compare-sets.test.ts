import { expect, test } from 'vitest'
import { compareSets } from '../../src/digest/index.ts'

type Pairs = [key: string, value: string][]

function setOf(pairs: Pairs) {
  return async function* () {
    for (const [key, value] of pairs) yield { key: Buffer.from(key), value: Buffer.from(value) }
  }
}

async function differences(a: Pairs, b: Pairs) {
  const found: string[] = []
  const { same } = await compareSets(setOf(a), setOf(b), {
    onDifference: (difference, { key, value }) => void found.push(`${difference} ${key}=${value}`),
  })
  return { same, found: found.sort() }
}

test('each key that differs is told once, with the value of the side that has it; order does not matter', async () => {
  const a: Pairs = [
    ['one', '1'],
    ['two', '2'],
    ['three', '3'],
    ['', 'no key'],
  ]
  const b: Pairs = [
    ['three', '3'],
    ['four', '4'],
    ['two', 'two'],
  ]
  expect(await differences(a, b)).toEqual({
    same: 1,
    found: ['changed two=two', 'only-a =no key', 'only-a one=1', 'only-b four=4'],
  })
})

test('nothing differs between equal sets, and all of it from an empty one', async () => {
  const many = Array.from({ length: 20_000 }, (_, index): [string, string] => [`key ${index}`, `value ${index % 7}`])
  expect(await differences(many, [...many].reverse())).toEqual({ same: 20_000, found: [] })
  expect((await differences([], many)).found).toHaveLength(20_000)
  expect((await differences(many, [])).found).toHaveLength(20_000)
  const changed = many.map(([key, value], index): [string, string] => [key, index === 12_345 ? 'other' : value])
  expect(await differences(many, changed)).toEqual({ same: 19_999, found: ['changed key 12345=other'] })
})
