import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { election } from '../../src/lab/etcd-manager/leadership.ts'
import { decodeState, encodeState } from '../../src/lab/etcd-manager/state.ts'
import { parseStrict } from '../../src/lab/etcd-manager/strict-json.ts'
import { newAuthority } from '../../src/lab/pki.ts'
import { kubernetesLike } from '../../src/lab/seed.ts'
import { newTally } from '../../src/lab/tally.ts'

describe('state file', () => {
  const node = {
    name: 'etcd-a',
    peerUrls: ['https://p'],
    clientUrls: ['https://c'],
    quarantinedClientUrls: ['https://q'],
    tls: true,
  }
  const state = { newCluster: false, token: '-dash', nodes: [node], etcdVersion: '3.5.30', quarantined: false }

  it('comes back as it went', () => {
    expect(decodeState(encodeState({ ...state, newCluster: true, quarantined: true }))).toEqual({
      ...state,
      newCluster: true,
      quarantined: true,
    })
  })

  it("has etcd-manager's field numbers and leaves out flags that are false", () => {
    const hex = encodeState({ ...state, nodes: [] }).toString('hex')
    expect(hex).toBe('12072a052d64617368' + '1a06332e352e3330')
  })
})

describe('election', () => {
  const peer = (id: string) => ({ id }) as never
  it('waits a loop, keeps a leader whose peers come and go, and resigns for a new one', () => {
    const stand = election()
    expect(stand('a', [peer('a'), peer('b')])).toBe('just-elected')
    expect(stand('a', [peer('a'), peer('b')])).toBe('leader')
    expect(stand('a', [peer('a')])).toBe('leader')
    expect(stand('a', [peer('a'), peer('b'), peer('c')])).toBe('just-elected')
  })

  it('takes over only after the lowest has been away for a while', () => {
    const stand = election()
    stand('b', [peer('a'), peer('b')])
    expect(stand('b', [peer('b')])).toBe('follower')
    expect(stand('b', [peer('b')])).toBe('follower')
    expect(stand('b', [peer('b')])).toBe('just-elected')
  })
})

describe('small parts', () => {
  it('refuses an unknown field as protojson does', () => {
    expect(parseStrict(Buffer.from('{"a":1}'), ['a'])).toEqual({ a: 1 })
    expect(() => parseStrict(Buffer.from('{"a":1,"b":2}'), ['a'])).toThrow('unknown field "b"')
  })

  it('makes the same data of the same seed, each key once, of about the size that was asked for', () => {
    const make = () => [...kubernetesLike({ keys: 2000, sizeBytes: 2_000_000, seed: 3 })]
    const pairs = make()
    expect(new Set(pairs.map(({ key }) => key.toString())).size).toBe(2000)
    const bytes = pairs.reduce((sum, { value }) => sum + value.length, 0)
    expect(bytes).toBeGreaterThan(1_500_000)
    expect(bytes).toBeLessThan(3_500_000)
    const joined = (all: typeof pairs) => Buffer.concat(all.flatMap(({ key, value }) => [key, value]))
    expect(joined(make()).equals(joined(pairs))).toBe(true)
  })

  it('tallies whatever the order, and tells any difference', () => {
    const of = (...pairs: [string, string][]) => {
      const tally = newTally()
      for (const [key, value] of pairs) tally.add(Buffer.from(key), Buffer.from(value))
      return tally.result()
    }
    expect(of(['a', '1'], ['b', '2'])).toEqual(of(['b', '2'], ['a', '1']))
    const tally = newTally(of(['a', '1'], ['b', '2']))
    tally.remove(Buffer.from('b'), Buffer.from('2'))
    expect(tally.result()).toEqual(of(['a', '1']))
    expect(of(['a', '12']).digest).not.toBe(of(['a1', '2']).digest)
  })

  it('issues certificates that are right for their addresses', async () => {
    const authority = await newAuthority('test-ca')
    const { cert } = await authority.issue('node', ['127.9.9.9', 'localhost'])
    const read = new X509Certificate(cert)
    expect(read.checkIP('127.9.9.9')).toBe('127.9.9.9')
    expect(read.checkHost('localhost')).toBe('localhost')
    expect(read.verify(new X509Certificate(authority.cert).publicKey)).toBe(true)
  })
})
