import { expect, test } from 'vitest'
import { offerRows, offersAfter } from '../../../src/steps/support/next-best.ts'
import { copyOf } from './step.ts'

const of = (node: string, over: Parameters<typeof copyOf>[0] = {}) =>
  copyOf({
    id: `${node}:old`,
    node,
    members: ['1a', '1b', '1c'],
    walTerm: 2,
    consistentIndex: 800,
    walIndex: 1000,
    revision: 780,
    walWrites: 200,
    ...over,
  })
const refused = of('a', { walIndex: 1300, walWrites: 500, log: { state: 'snapshot-ahead', usableTo: 1300 } })
const others = [of('b'), of('c', { walIndex: 990, walWrites: 190 })]
const elsewhere = [
  copyOf({ id: 'a:new', token: 'new', clusterId: 'ff', revision: 9000 }),
  of('d', { revision: undefined }),
]

test('what is left of the one that failed stands behind the members that have more', () => {
  const offers = offersAfter([...elsewhere, refused, ...others], { copy: refused })
  expect(offers.map(({ id, how, revision, isFailed }) => [id, how, revision, isFailed])).toEqual([
    ['b:old', 'log', 980, false],
    ['c:old', 'log', 970, false],
    ['a:old', 'database', 780, true],
  ])
  expect(offerRows(offers).at(-1)).toEqual([
    'a:old',
    'up to revision 780',
    'its database alone, as its log cannot be replayed in full',
  ])
})

test('one that could be replayed in part is offered where that is more than the others have', () => {
  const brings = { revision: 1200, how: 'log' } as const
  expect(offersAfter([refused, ...others], { copy: refused, brings })[0]).toMatchObject({ id: 'a:old', revision: 1200 })
  expect(offersAfter([refused], { copy: refused })).toMatchObject([{ id: 'a:old', how: 'database', isFailed: true }])
})

test('another member whose log etcd refuses too counts with what a mended one reaches, else with its database', () => {
  const gap = of('b', { log: { state: 'gap' } })
  expect(offersAfter([refused, gap], { copy: refused })[0]).toMatchObject({
    id: 'b:old',
    how: 'database',
    revision: 780,
  })
})
