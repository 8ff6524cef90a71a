import protobuf from 'protobufjs/minimal.js'
import { describe, expect, it } from 'vitest'
import { parseState } from '../../src/etcd-manager/state-file.ts'

function node(name: string): Uint8Array {
  return protobuf.Writer.create()
    .uint32(10)
    .string(name)
    .uint32(18)
    .string(`https://${name}:2380`)
    .uint32(26)
    .string(`https://${name}:4001`)
    .uint32(34)
    .string(`https://${name}:3994`)
    .uint32(40)
    .bool(true)
    .finish()
}

function state(extra = false): Buffer {
  const cluster = protobuf.Writer.create().uint32(8).int32(3).uint32(42).string('-bHc8z0Q5m0u1yS0k2p1aQ')
  for (const name of ['a', 'b', 'c']) cluster.uint32(58).bytes(node(name))
  const writer = protobuf.Writer.create().uint32(18).bytes(cluster.finish()).uint32(26).string('3.5.30')
  if (extra) writer.uint32(800).uint32(7).uint32(802).string('later')
  return Buffer.from(writer.finish())
}

describe('the state file', () => {
  it('names the token, the nodes and the version; absent flags are false', () => {
    expect(parseState(state())).toEqual({
      newCluster: false,
      quarantined: false,
      etcdVersion: '3.5.30',
      cluster: {
        desiredSize: 3,
        token: '-bHc8z0Q5m0u1yS0k2p1aQ',
        nodes: ['a', 'b', 'c'].map((name) => ({
          name,
          peerUrls: [`https://${name}:2380`],
          clientUrls: [`https://${name}:4001`],
          quarantinedClientUrls: [`https://${name}:3994`],
          tlsEnabled: true,
        })),
      },
    })
  })

  it('passes over fields of later versions', () => {
    expect(parseState(state(true))).toEqual(parseState(state()))
  })

  it('never throws anything but COPY_CORRUPT, wherever it is cut or changed', () => {
    const whole = state()
    for (let i = 0; i < whole.length; i++) {
      for (const damaged of [whole.subarray(0, i), Buffer.from(whole).fill(0xff, i, i + 1)]) {
        try {
          parseState(damaged)
        } catch (error) {
          expect(error).toMatchObject({ code: 'COPY_CORRUPT' })
        }
      }
    }
    expect(() => parseState(Buffer.alloc(70_000))).toThrow(expect.objectContaining({ code: 'COPY_CORRUPT' }))
  })
})
