import { expect, it } from 'vitest'
import { replacesByItself } from '../../src/etcd-manager/replaces.ts'

const empty = { isEmpty: true }

it('an etcd-manager replaces one member by itself, from one release on and on an empty disk', () => {
  expect(replacesByItself('v3.0.20260531', empty, 1)).toBe(true)
  expect(replacesByItself('3.0.20260707', empty, 1)).toBe(true)
  expect(replacesByItself('v3.0.20260530', empty, 1)).toBe(false)
  expect(replacesByItself('v3.0.20260707', { isEmpty: false }, 1)).toBe(false)
})

it('never two at a time, and never one whose release is not known', () => {
  expect(replacesByItself('v3.0.20260707', empty, 2)).toBe(false)
  for (const version of [undefined, '', 'latest', 'v3.1.20260707', 'v3.0.202607071'])
    expect(replacesByItself(version, empty, 1)).toBe(false)
})
