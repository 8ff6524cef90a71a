import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import {
  type ControlState,
  CREATED_KEY,
  encodeCreated,
  encodeSpec,
  judgeControl,
  readControl,
  repairOrder,
  SPEC_KEY,
} from '../../src/etcd-manager/control.ts'

const spec = { memberCount: 3, etcdVersion: '3.5.30' }

describe('control files', () => {
  it('are written in the forms that kOps and etcd-manager write', () => {
    expect(encodeCreated(new Date(1795378214535)).toString()).toBe('{"timestamp":1795378214535000000}')
    expect(encodeSpec(spec).toString()).toBe('{\n  "memberCount": 3,\n  "etcdVersion": "3.5.30"\n}')
  })

  it('are read with their versions, and are normal when both are there', async () => {
    const store = memoryStore()
    await store.write(CREATED_KEY, encodeCreated(new Date()))
    const { version } = await store.write(SPEC_KEY, Buffer.from('{"memberCount":3,  "etcdVersion":"3.5.30"}'))
    const files = await readControl(store)
    expect(files.spec).toMatchObject({ state: 'present', value: spec, version })
    expect(judgeControl(files).verdict).toBe('normal')
  })

  it.each([
    ['', 'empty'],
    ['{', 'unreadable'],
    ['{"memberCount":3}', 'unreadable'],
    ['{"memberCount":0,"etcdVersion":"3.5.30"}', 'unreadable'],
    [`{"memberCount":3,"etcdVersion":"3.5.30","x":${'1'.repeat(70_000)}}`, 'unreadable'],
  ])('a spec of %.30j is %s and blocks', async (content, state) => {
    const store = memoryStore()
    await store.write(CREATED_KEY, Buffer.from('x'))
    await store.write(SPEC_KEY, Buffer.from(content))
    const files = await readControl(store)
    expect(files.spec.state).toBe(state)
    expect(files.spec.value).toBeUndefined()
    expect(judgeControl(files).verdict).toBe('blocked')
  })

  it.each<[ControlState, ControlState, string, string[]]>([
    ['present', 'present', 'normal', []],
    ['missing', 'missing', 'silent-no-backups', ['created', 'spec']],
    ['missing', 'present', 'about-to-seed', ['created']],
    ['present', 'missing', 'no-spec-at-restart', ['spec']],
    ['empty', 'present', 'blocked', ['created']],
    ['empty', 'missing', 'blocked', ['created', 'spec']],
    ['missing', 'unreadable', 'blocked', ['created', 'spec']],
  ])('marker %s and spec %s: %s, repaired in the order %j', (created, specState, verdict, order) => {
    const files = { created: { state: created }, spec: { state: specState } }
    expect(judgeControl(files).verdict).toBe(verdict)
    expect(repairOrder(files)).toEqual(order)
  })

  it("passes the store's own errors on", async () => {
    const store = { ...memoryStore(), read: () => Promise.reject(new Error('down')) }
    await expect(readControl(store)).rejects.toThrow('down')
  })
})
