import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import type { StoreSubject } from '../object-store.ts'
import { expectCode, folder } from './support.ts'

async function winners(attempts: Promise<unknown>[]): Promise<number[]> {
  const results = await Promise.allSettled(attempts)
  for (const r of results) if (r.status === 'rejected') await expectCode(Promise.reject(r.reason), 'STORE_CONFLICT')
  return results.flatMap((r, i) => (r.status === 'fulfilled' ? [i] : []))
}

export function conditionalCases(current: () => StoreSubject): void {
  it('writes a new object only when there is none', async () => {
    const { store } = current()
    const key = `${folder()}/lock`
    await store.write(key, Buffer.from('mine'), { ifAbsent: true })
    const error = await expectCode(store.write(key, Buffer.from('yours'), { ifAbsent: true }), 'STORE_CONFLICT')
    expect(error.message).toContain(key)
    expect((await store.read(key)).body.toString()).toBe('mine')
    await store.remove(key)
    await store.write(key, Buffer.from('yours'), { ifAbsent: true })
  })

  it('has one winner of ten who create the same object', async () => {
    const { store, other = store } = current()
    for (let round = 0; round < 3; round++) {
      const key = `${folder()}/lock`
      const all = Array.from({ length: 10 }, (_, i) =>
        (i % 2 ? store : other).write(key, Buffer.from(`writer ${i}`), { ifAbsent: true }),
      )
      const won = await winners(all)
      expect(won).toHaveLength(1)
      expect((await store.read(key)).body.toString()).toBe(`writer ${won[0]}`)
    }
  })

  it('overwrites only the version that was seen', async () => {
    const { store } = current()
    const key = `${folder()}/lock`
    const first = await store.write(key, Buffer.from('1'))
    const second = await store.write(key, Buffer.from('2'), { ifVersion: first.version })
    await expectCode(store.write(key, Buffer.from('3'), { ifVersion: first.version }), 'STORE_CONFLICT')
    expect(await store.read(key)).toEqual({ body: Buffer.from('2'), version: second.version })
  })

  it('does not bring back an object that was removed since it was seen', async () => {
    const { store } = current()
    const key = `${folder()}/lock`
    const { version } = await store.write(key, Buffer.from('1'))
    await store.remove(key)
    await expectCode(store.write(key, Buffer.from('2'), { ifVersion: version }), 'STORE_CONFLICT')
    expect(await store.head(key)).toBeUndefined()
  })

  it('has one winner of ten who renew the same version', async () => {
    const { store, other = store } = current()
    const key = `${folder()}/lock`
    const { version } = await store.write(key, Buffer.from('start'))
    const all = Array.from({ length: 10 }, (_, i) =>
      (i % 2 ? store : other).write(key, Buffer.from(`renewal ${i}`), { ifVersion: version }),
    )
    const won = await winners(all)
    expect(won).toHaveLength(1)
    expect((await store.read(key)).body.toString()).toBe(`renewal ${won[0]}`)
  })

  it('removes only the version that was seen', async () => {
    const { store } = current()
    const key = `${folder()}/lock`
    const first = await store.write(key, Buffer.from('1'))
    const second = await store.write(key, Buffer.from('2'))
    await expectCode(store.remove(key, { ifVersion: first.version }), 'STORE_CONFLICT')
    expect((await store.head(key))?.version).toBe(second.version)
    await store.remove(key, { ifVersion: second.version })
    expect(await store.head(key)).toBeUndefined()
  })

  it('uploads a new object only when there is none', async () => {
    const { store, other = store } = current()
    const key = `${folder()}/etcd.backup.gz`
    const all = Array.from({ length: 4 }, (_, i) =>
      (i % 2 ? store : other).upload(key, Readable.from([Buffer.from(`upload ${i}`)]), { ifAbsent: true }),
    )
    const won = await winners(all)
    expect(won).toHaveLength(1)
    expect((await store.read(key)).body.toString()).toBe(`upload ${won[0]}`)
  })
}
