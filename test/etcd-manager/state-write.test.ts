import protobuf from 'protobufjs/minimal.js'
import { describe, expect, it } from 'vitest'
import { parseState, type StateNode } from '../../src/etcd-manager/state-file.ts'
import { changeState } from '../../src/etcd-manager/state-write.ts'

const nodeOf = (name: string): StateNode => ({
  name,
  peerUrls: [`https://${name}:2380`],
  clientUrls: [`https://${name}:4001`],
  quarantinedClientUrls: [`https://${name}:3994`],
  tlsEnabled: true,
})
const nodes = ['a', 'b', 'c'].map(nodeOf)
const change = { token: '-old0z0Q5m0u1yS0k2p1aQ', etcdVersion: '3.5.30', nodes }

/** With a field of a later version in each message: 100 in the state, 101 in the cluster, 102 in node b. */
function withUnknown(): Buffer {
  const inNode = (name: string) => {
    const writer = protobuf.Writer.create().uint32(10).string(name).uint32(18).string(`https://${name}.new:2380`)
    return name === 'b'
      ? writer
          .uint32((102 << 3) | 2)
          .string('of a node')
          .finish()
      : writer.finish()
  }
  const cluster = protobuf.Writer.create().uint32(8).int32(3).uint32(42).string('the-new-token')
  for (const name of ['a', 'b']) cluster.uint32(58).bytes(inNode(name))
  cluster.uint32((101 << 3) | 2).string('of the cluster')
  const writer = protobuf.Writer.create().uint32(8).bool(true).uint32(18).bytes(cluster.finish())
  writer
    .uint32(26)
    .string('3.6.1')
    .uint32(32)
    .bool(true)
    .uint32(100 << 3)
    .int32(7)
  return Buffer.from(writer.finish())
}

describe('a changed state', () => {
  it('names token, nodes and version, and neither flag', () => {
    expect(parseState(changeState(withUnknown(), change))).toMatchObject({
      newCluster: false,
      quarantined: false,
      etcdVersion: '3.5.30',
      cluster: { desiredSize: 3, token: change.token, nodes: [{ name: 'a' }, { name: 'b' }, nodeOf('c')] },
    })
  })

  it('keeps what it does not know, in every message, and nodes as they stand', () => {
    const changed = changeState(withUnknown(), change)
    for (const kept of ['of a node', 'of the cluster', 'https://a.new:2380']) expect(changed.includes(kept)).toBe(true)
    expect(
      changed.includes(
        Buffer.from(
          protobuf.Writer.create()
            .uint32(100 << 3)
            .int32(7)
            .finish(),
        ),
      ),
    ).toBe(true)
    expect(changed.includes('the-new-token')).toBe(false)
  })

  it('is whole when the old one is empty, as etcd-manager leaves it without a cluster', () => {
    const { cluster } = parseState(changeState(Buffer.alloc(0), change))
    expect(cluster).toEqual({ desiredSize: 0, token: change.token, nodes })
  })

  it('does not change when it is changed again', () => {
    const once = changeState(withUnknown(), change)
    expect(changeState(once, change)).toEqual(once)
  })

  it('throws for what is no message', () => {
    expect(() => changeState(Buffer.from([0x12, 0xff, 0x01]), change)).toThrow()
  })
})
