import { describe, expect, it } from 'vitest'
import { crc32c } from '../../src/bolt/crc32c.ts'
import { countPrefixes, guessCluster } from '../../src/bolt/guess.ts'
import { openFileSource, parseWalName, peekWal } from '../../src/bolt/index.ts'
import { FieldReader } from '../../src/bolt/protobuf.ts'
import { SeenKeys } from '../../src/bolt/seen-keys.ts'

describe('the parts of the reader', () => {
  it('crc32c gives the published check value, in one piece or in several', () => {
    const bytes = Buffer.from('123456789')
    expect(crc32c(0, bytes)).toBe(0xe3069283)
    expect(crc32c(crc32c(0, bytes, 0, 3), bytes, 3)).toBe(0xe3069283)
  })

  it('varints keep all 64 bits', () => {
    const reader = new FieldReader(Buffer.from('08ffffffffffffffffff0110809a9fa79bf7b4b7ab01', 'hex'))
    expect(reader.next()).toBe(true)
    expect(reader.big()).toBe(2n ** 64n - 1n)
    expect(reader.next()).toBe(true)
    expect([reader.field, reader.big()]).toEqual([2, 0xab6ed3b9b4e7cd00n])
    expect(reader.next()).toBe(false)
  })

  it('seen keys agree with a set of them', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) =>
      Buffer.from(`/registry/pods/ns/pod-${(index * 7919) % 9000}`),
    )
    const seen = new SeenKeys()
    const expected = new Set<string>()
    const wrong = keys.filter((key) => {
      const isNew = !expected.has(key.toString())
      expected.add(key.toString())
      return seen.add(key, 0, key.length) !== isNew
    })
    expect(expected.size).toBe(9000)
    expect(wrong).toEqual([])
  })

  it('tells etcd clusters apart by names, peer ports and keys, in this order', () => {
    const member = (name: string, port: number) => ({
      id: '1',
      name,
      peerUrls: [`https://10.0.0.1:${port}`],
      clientUrls: [],
    })
    const keys = (prefix: string) => Array.from({ length: 10 }, (_, index) => Buffer.from(`${prefix}${index}`))
    expect(guessCluster([member('etcd-events-a', 2380)], [])).toBe('events')
    expect(guessCluster([member('etcd-a', 2381), member('etcd-b', 2381)], [])).toBe('events')
    expect(guessCluster([member('etcd-a', 2380)], [])).toBe('main')
    expect(guessCluster([member('a', 2382)], keys('/registry/pods/'))).toBe('cilium')
    expect(guessCluster([], keys('/registry/events/ns/'))).toBe('events')
    expect(guessCluster([], [...keys('/registry/events/ns/'), ...keys('/registry/pods/ns/')])).toBe('main')
    expect(guessCluster([], keys('cilium/state/'))).toBe('cilium')
    expect(guessCluster([member('x', 1), member('events', 2)], keys('anything'))).toBe('events')
    expect(guessCluster([], [])).toBe('unknown')
    expect(countPrefixes([...keys('/registry/pods/ns/'), Buffer.from('plain')])).toEqual({
      '/registry/pods': 10,
      plain: 1,
    })
  })

  it('knows WAL files by name and by content', () => {
    expect(parseWalName('0000000000000001-0000000000002711.wal')).toEqual({ sequence: 1, firstIndex: 0x2711 })
    expect(parseWalName('0.tmp')).toBeUndefined()
    expect(peekWal(Buffer.alloc(256))).toBeUndefined()
    expect(peekWal(Buffer.alloc(256, 255))).toBeUndefined()
    expect(peekWal(Buffer.alloc(0))).toBeUndefined()
  })

  it('opens regular files only', async () => {
    await expect(openFileSource('/dev/null')).rejects.toMatchObject({ code: 'LOCAL_FILE' })
    await expect(openFileSource('/nowhere/db')).rejects.toMatchObject({ code: 'LOCAL_FILE' })
  })
})
