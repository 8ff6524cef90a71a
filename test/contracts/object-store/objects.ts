import { expect, it } from 'vitest'
import type { StoreSubject } from '../object-store.ts'
import { expectCode, folder, textOf } from './support.ts'

export function objectCases(current: () => StoreSubject): void {
  it('gives back what was written, with its size, time and version', async () => {
    const { store } = current()
    const key = `${folder()}/a.txt`
    const before = Date.now()
    const { version } = await store.write(key, Buffer.from('hello'))
    const info = await store.head(key)
    expect(info).toMatchObject({ key, size: 5, version })
    expect(Math.abs((info?.modifiedAt.getTime() ?? 0) - before)).toBeLessThan(60_000)
    expect(await store.read(key)).toEqual({ body: Buffer.from('hello'), version })
    expect(await textOf(await store.stream(key))).toBe('hello')
  })

  it('overwrites, and the version changes with the content', async () => {
    const { store } = current()
    const key = `${folder()}/a`
    const versions: string[] = []
    for (const text of ['one', 'two', 'six']) versions.push((await store.write(key, Buffer.from(text))).version)
    expect(new Set(versions).size).toBe(3)
    expect((await store.read(key)).body.toString()).toBe('six')
  })

  it('holds empty objects', async () => {
    const { store } = current()
    const key = `${folder()}/empty`
    await store.write(key, Buffer.alloc(0))
    expect((await store.head(key))?.size).toBe(0)
    expect((await store.read(key)).body.length).toBe(0)
    expect(await textOf(await store.stream(key))).toBe('')
  })

  it.each([
    '2024-03-21T13:02:05Z-000001/etcd.backup.gz',
    'control/2024-03-21T13:02:05Z-000000/_command.json',
    'ünï çødé/日本語/🙂.txt',
    'odd +&=%25?#@!*\'()~;,[]{}<>|\\^` "$.txt',
  ])('takes the key %s', async (name) => {
    const { store } = current()
    const key = `${folder()}/${name}`
    await store.write(key, Buffer.from(name))
    expect((await store.read(key)).body.toString()).toBe(name)
    expect((await store.list(`${key.split('/')[0]}/`)).map((o) => o.key)).toEqual([key])
    expect((await store.head(key))?.key).toBe(key)
    await store.remove(key)
    expect(await store.head(key)).toBeUndefined()
  })

  it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../../b', 'a/./b', 'a\0b', 'x'.repeat(1025)])(
    'refuses the key %j before it looks at anything',
    async (key) => {
      const { store } = current()
      await expectCode(store.read(key), 'USAGE')
      await expectCode(store.write(key, Buffer.from('x')), 'USAGE')
      await expectCode(store.head(key), 'USAGE')
      await expectCode(store.remove(key), 'USAGE')
    },
  )

  it('answers for a missing key as the port says', async () => {
    const { store } = current()
    const key = `${folder()}/missing`
    expect(await store.head(key)).toBeUndefined()
    const error = await expectCode(store.read(key), 'OBJECT_MISSING')
    expect(error.message).toContain(key)
    await expectCode(store.stream(key), 'OBJECT_MISSING')
    await store.remove(key)
    await store.remove(key, { allVersions: true })
  })

  it('reads no more than it may', async () => {
    const { store } = current()
    const key = `${folder()}/big`
    await store.write(key, Buffer.alloc(2000))
    expect((await store.read(key, { maxBytes: 2000 })).body.length).toBe(2000)
    await expectCode(store.read(key, { maxBytes: 1999 }), 'STORE_CORRUPT')
    await store.write(key, Buffer.alloc((1 << 20) + 1))
    await expectCode(store.read(key), 'STORE_CORRUPT')
  })

  it.each([
    [{ start: 3 }, '3456789'],
    [{ start: 3, end: 5 }, '345'],
    [{ end: 0 }, '0'],
    [{ start: 9 }, '9'],
    [{ start: 10 }, ''],
    [{ start: 5, end: 100 }, '56789'],
  ])('streams the range %j, its end included', async (range, text) => {
    const { store } = current()
    const key = `${folder()}/digits`
    await store.write(key, Buffer.from('0123456789'))
    expect(await textOf(await store.stream(key, range))).toBe(text)
  })

  it('stops reading when the signal fires', async () => {
    const { store } = current()
    const key = `${folder()}/digits`
    await store.write(key, Buffer.from('0123456789'))
    const signal = AbortSignal.abort()
    await expect(store.read(key, { signal })).rejects.toThrow(/abort/i)
    await expect(store.list('', { signal })).rejects.toThrow(/abort/i)
    await expect(store.write(key, Buffer.from('x'), { signal })).rejects.toThrow(/abort/i)
    expect((await store.read(key)).body.length).toBe(10)
  })
}
