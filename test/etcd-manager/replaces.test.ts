import { expect, it } from 'vitest'
import { replacesByItself } from '../../src/etcd-manager/replaces.ts'

const empty = { isEmpty: true }

it('an etcd-manager that was read replaces one member by itself, from one release on and on an empty disk', () => {
  expect(replacesByItself('v3.0.20260531', empty, 1)).toBe('yes')
  expect(replacesByItself('3.0.20260707', empty, 1)).toBe('yes')
  expect(replacesByItself('v3.0.20260512', empty, 1)).toBe('no')
  expect(replacesByItself('v3.0.20260707', { isEmpty: false }, 1)).toBe('no')
})

it('never two at a time', () => {
  expect(replacesByItself('v3.0.20260707', empty, 2)).toBe('no')
})

it.each([
  ...['v3.0.20260708', 'v3.0.20270101', 'v3.0.20260601', 'v3.0.20240101', 'v3.0.20260707-alpha.1'],
  ...[undefined, '', 'latest', 'v3.1.20260707', 'v3.0.202607071'],
])('of a release that was not read it is not known: %s', (version) => {
  expect(replacesByItself(version, empty, 1)).toBe('unknown')
})
