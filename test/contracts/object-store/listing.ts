import { expect, it } from 'vitest'
import type { StoreSubject } from '../object-store.ts'
import { expectCode, folder } from './support.ts'

export function listingCases(current: () => StoreSubject): void {
  it('lists all objects below a prefix, sorted, with sizes and versions', async () => {
    const { store } = current()
    const top = folder()
    const keys = ['b/2', 'a', 'b/1', 'b-2/x', 'c/d/e'].map((k) => `${top}/${k}`)
    for (const key of keys) await store.write(key, Buffer.from(key))
    const found = await store.list(`${top}/`)
    expect(found.map((o) => o.key)).toEqual([...keys].sort())
    for (const object of found) {
      expect(object.size).toBe(object.key.length)
      expect(object.version).toBe((await store.head(object.key))?.version)
    }
  })

  it('takes any string as a prefix, not only folders', async () => {
    const { store } = current()
    const top = folder()
    for (const key of ['aa/1', 'ab/1', 'b', 'a']) await store.write(`${top}/${key}`, Buffer.from('x'))
    expect((await store.list(`${top}/a`)).map((o) => o.key)).toEqual([`${top}/a`, `${top}/aa/1`, `${top}/ab/1`])
    expect((await store.list(`${top}/ab/`)).map((o) => o.key)).toEqual([`${top}/ab/1`])
    expect(await store.list(`${top}/c`)).toEqual([])
  })

  it('names the folders directly below a prefix', async () => {
    const { store } = current()
    const top = folder()
    for (const key of ['b/1', 'b/2', 'a/x/1', 'file', 'c:d/1']) await store.write(`${top}/${key}`, Buffer.from('x'))
    expect(await store.listFolders(top)).toEqual(['a', 'b', 'c:d'])
    expect(await store.listFolders(`${top}/`)).toEqual(['a', 'b', 'c:d'])
    expect(await store.listFolders(`${top}/a`)).toEqual(['x'])
    expect(await store.listFolders(`${top}/b`)).toEqual([])
    expect(await store.listFolders(`${top}/nothing`)).toEqual([])
    expect(await store.listFolders('')).toContain(top)
  })

  it('no longer names a folder whose objects are gone', async () => {
    const { store } = current()
    const top = folder()
    await store.write(`${top}/a/1`, Buffer.from('x'))
    await store.write(`${top}/b/1`, Buffer.from('x'))
    await store.remove(`${top}/a/1`)
    expect(await store.listFolders(top)).toEqual(['b'])
  })

  it('lists more than one page, and stops beyond its limit', async () => {
    const { store } = current()
    const top = folder()
    const keys = Array.from({ length: 1100 }, (_, i) => `${top}/${String(i).padStart(5, '0')}/k`)
    for (let at = 0; at < keys.length; at += 20) {
      await Promise.all(keys.slice(at, at + 20).map((key) => store.write(key, Buffer.from('x'))))
    }
    expect((await store.list(`${top}/`)).map((o) => o.key)).toEqual(keys)
    expect((await store.listFolders(top)).length).toBe(1100)
    expect((await store.list(`${top}/`, { limit: 1100 })).length).toBe(1100)
    await expectCode(store.list(`${top}/`, { limit: 1099 }), 'STORE_CORRUPT')
    await expectCode(store.list(`${top}/`, { limit: 50 }), 'STORE_CORRUPT')
  }, 120_000)
}
