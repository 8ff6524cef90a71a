import { describe, expect, it } from 'vitest'
import { isReadableEntry } from '../../src/bolt/etcd-entries.ts'

const revision = (main: number, separator = '_') => {
  const bytes = Buffer.alloc(17)
  bytes.writeUInt32BE(main, 4)
  bytes.write(separator, 8, 'latin1')
  return bytes
}
const readable = (bucket: string, key: string | Buffer, value: string | Buffer) =>
  isReadableEntry(bucket, Buffer.from(key as string), Buffer.from(value as string))
const LEASE = Buffer.from([8, 1, 16, 60, 24, 0])
const ID = Buffer.alloc(8, 1)

describe('entries of the small buckets', () => {
  it.each<[string, string | Buffer, string | Buffer]>([
    ['lease', ID, LEASE],
    ['alarm', Buffer.from([8, 5, 16, 1]), ''],
    ['auth', 'authRevision', ID],
    ['auth', 'authEnabled', Buffer.from([1])],
    ['authUsers', 'root', Buffer.from([10, 4, 114, 111, 111, 116])],
    ['authRoles', 'root', Buffer.from([10, 4, 114, 111, 111, 116])],
    ['cluster', 'clusterVersion', '3.5.0'],
    ['cluster', 'downgrade', '{"target-version":"","enabled":false}'],
    ['members_removed', '8e9e05c52164694d', 'removed'],
    ['meta', 'consistent_index', ID],
    ['meta', 'finishedCompactRev', revision(7)],
    ['meta', 'confState', '{"voters":[10276657743932975437],"auto_leave":false}'],
    ['meta', 'storageVersion', '3.6.0'],
    ['meta', 'of a later etcd', 'anything'],
    ['of a later etcd', 'any', 'thing'],
  ])('%s: what etcd writes is readable', (bucket, key, value) => {
    expect(readable(bucket, key, value)).toBe(true)
  })

  it.each<[string, string, string | Buffer, string | Buffer]>([
    ['lease', 'a field of a type that there is not', ID, Buffer.from([0x0b, 1, 16, 60])],
    ['lease', 'text for its number', ID, Buffer.from([10, 1, 65])],
    ['lease', 'an id that is cut', ID.subarray(1), LEASE],
    ['alarm', 'a number that does not end', Buffer.from([8, 0x85]), ''],
    ['auth', 'a revision that is cut', 'authRevision', ID.subarray(1)],
    ['authUsers', 'a number for its name', 'root', Buffer.from([8, 4])],
    ['authRoles', 'a name that is cut', 'root', Buffer.from([10, 4, 114])],
    ['cluster', 'a version without points', 'clusterVersion', '3>5.0'],
    ['cluster', 'no JSON', 'downgrade', '{"target'],
    ['members_removed', 'no number in hex', '8e9e05c52164694x', 'removed'],
    ['meta', 'an index that is cut', 'consistent_index', ID.subarray(1)],
    ['meta', 'a revision without its separator', 'finishedCompactRev', revision(7, '\x93')],
    ['meta', 'voters that are no numbers', 'confState', '{"voters":["a"]}'],
    ['meta', 'voters that are no list', 'confState', '{"voters":7}'],
    ['meta', 'no version', 'storageVersion', '3.6'],
  ])('%s: %s is not', (bucket, _what, key, value) => {
    expect(readable(bucket, key, value)).toBe(false)
  })
})
