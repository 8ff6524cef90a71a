import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createKvDigest, digestClient, digestOf } from '../../src/digest/index.ts'

type Pair = [string, string]

describe('digest of keys and values', () => {
  it('does not depend on the order', () => {
    const pairs = Array.from(
      { length: 500 },
      (): Pair => [randomBytes(8).toString('hex'), randomBytes(30).toString('hex')],
    )
    const one = digest(pairs)
    const two = digest(pairs.toSorted(() => Math.random() - 0.5))
    expect(two).toEqual(one)
    expect(one).toMatchObject({ keys: 500, bytes: 500 * (16 + 60), digest: expect.stringMatching(/^[0-9a-f]{64}$/) })
  })

  it.each<[string, Pair[], Pair[]]>([
    ['a changed value', [['a', '1']], [['a', '2']]],
    ['a changed key', [['a', '1']], [['b', '1']]],
    ['a byte moved from key to value', [['ab', 'c']], [['a', 'bc']]],
    [
      'values that changed places',
      [
        ['a', '1'],
        ['b', '2'],
      ],
      [
        ['a', '2'],
        ['b', '1'],
      ],
    ],
    ['a missing empty pair', [['', '']], []],
    [
      'a pair too many',
      [['a', '1']],
      [
        ['a', '1'],
        ['a', '1'],
      ],
    ],
    [
      'two equal pairs in place of none',
      [],
      [
        ['a', '1'],
        ['a', '1'],
      ],
    ],
  ])('sees %s', (_what, one, two) => {
    expect(digest(one).digest).not.toBe(digest(two).digest)
  })

  it('can be asked in between and goes on', () => {
    const running = createKvDigest()
    running.add(Buffer.from('a'), Buffer.from('1'))
    expect(running.result()).toEqual(digest([['a', '1']]))
    running.add(Buffer.from('b'), Buffer.from('2'))
    expect(running.result()).toEqual(
      digest([
        ['b', '2'],
        ['a', '1'],
      ]),
    )
  })

  it('reads a client with its range options and counts aloud', async () => {
    const seen: number[] = []
    const asked: unknown[] = []
    const client = {
      range: (options?: { prefix?: string }) => {
        asked.push(options)
        return some(2500)
      },
    }
    const result = await digestClient(client, { prefix: '/x', onKeys: (keys) => seen.push(keys) })
    expect(seen).toEqual([1000, 2000, 2500])
    expect(asked).toEqual([{ prefix: '/x' }])
    expect(result).toEqual(await digestOf(some(2500)))
  })

  it('takes 100,000 pairs in well under ten seconds', () => {
    const running = createKvDigest()
    const value = Buffer.alloc(2000)
    const start = performance.now()
    for (let at = 0; at < 100_000; at += 1) running.add(Buffer.from(`/registry/pods/${at}`), value)
    expect(performance.now() - start).toBeLessThan(10_000)
  })
})

function digest(pairs: Pair[]) {
  const running = createKvDigest()
  for (const [key, value] of pairs) running.add(Buffer.from(key), Buffer.from(value))
  return running.result()
}

async function* some(count: number) {
  for (let at = 0; at < count; at += 1) yield { key: Buffer.from(`${at}`), value: Buffer.from('x') }
}
