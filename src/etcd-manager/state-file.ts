import protobuf from 'protobufjs/minimal.js'
import { RescueError } from '../errors/rescue-error.ts'

export interface StateNode {
  name: string
  peerUrls: string[]
  clientUrls: string[]
  quarantinedClientUrls: string[]
  tlsEnabled: boolean
}

/** `state` in the base directory of a volume: what etcd-manager will run on this node (FACTS 5). */
export interface EtcdState {
  newCluster: boolean
  quarantined: boolean
  etcdVersion: string
  cluster?: { desiredSize: number; token: string; nodes: StateNode[] }
}

/** A `state` file is some hundred bytes; more than this is something else. */
export const STATE_MAX_BYTES = 64 * 1024

type Field = (reader: protobuf.Reader) => void

/** Reads a `state` file. Unknown fields are passed over. `COPY_CORRUPT` for what is no such message. */
export function parseState(content: Buffer): EtcdState {
  if (content.length > STATE_MAX_BYTES) throw corrupt(`it has ${content.length} bytes`)
  try {
    return readState(content)
  } catch (error) {
    throw corrupt('it is not a protobuf message', error)
  }
}

function readState(content: Uint8Array): EtcdState {
  const state: EtcdState = { newCluster: false, quarantined: false, etcdVersion: '' }
  each(content, {
    [key(1, VARINT)]: (reader) => {
      state.newCluster = reader.bool()
    },
    [key(2, BYTES)]: (reader) => {
      state.cluster = readCluster(reader.bytes())
    },
    [key(3, BYTES)]: (reader) => {
      state.etcdVersion = reader.string()
    },
    [key(4, VARINT)]: (reader) => {
      state.quarantined = reader.bool()
    },
  })
  return state
}

function readCluster(content: Uint8Array): NonNullable<EtcdState['cluster']> {
  const cluster = { desiredSize: 0, token: '', nodes: [] as StateNode[] }
  each(content, {
    [key(1, VARINT)]: (reader) => {
      cluster.desiredSize = reader.int32()
    },
    [key(5, BYTES)]: (reader) => {
      cluster.token = reader.string()
    },
    [key(7, BYTES)]: (reader) => {
      cluster.nodes.push(readNode(reader.bytes()))
    },
  })
  return cluster
}

function readNode(content: Uint8Array): StateNode {
  const node: StateNode = { name: '', peerUrls: [], clientUrls: [], quarantinedClientUrls: [], tlsEnabled: false }
  each(content, {
    [key(1, BYTES)]: (reader) => {
      node.name = reader.string()
    },
    [key(2, BYTES)]: (reader) => node.peerUrls.push(reader.string()),
    [key(3, BYTES)]: (reader) => node.clientUrls.push(reader.string()),
    [key(4, BYTES)]: (reader) => node.quarantinedClientUrls.push(reader.string()),
    [key(5, VARINT)]: (reader) => {
      node.tlsEnabled = reader.bool()
    },
  })
  return node
}

const VARINT = 0
const BYTES = 2
const key = (field: number, wireType: number) => (field << 3) | wireType

function each(content: Uint8Array, fields: Record<number, Field>): void {
  const reader = protobuf.Reader.create(content)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const read = fields[tag]
    if (read) read(reader)
    else reader.skipType(tag & 7)
  }
}

function corrupt(why: string, cause?: unknown): RescueError {
  return new RescueError('COPY_CORRUPT', `the state file of etcd-manager cannot be read: ${why}`, {
    hint: 'look at the state files of the other control-plane nodes: they name the same token',
    cause,
  })
}
