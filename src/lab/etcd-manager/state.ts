import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import protobuf from 'protobufjs/minimal.js'
import { putFile } from '../files.ts'

export interface StateNode {
  name: string
  peerUrls: string[]
  clientUrls: string[]
  quarantinedClientUrls: string[]
  tls: boolean
}

/** The volume's `state` file. No token means: stopped on purpose, nothing to start. */
export interface EtcdState {
  newCluster: boolean
  token: string
  nodes: StateNode[]
  etcdVersion: string
  quarantined: boolean
}

/** Length-delimited protobuf fields are wire type 2, flags wire type 0. */
const text = (field: number): number => (field << 3) | 2
const flag = (field: number): number => field << 3

/** Field numbers: FACTS 5 and etcd-manager's etcdapi.proto (EtcdState, EtcdCluster, EtcdNode). */
export function encodeState(state: EtcdState): Buffer {
  const writer = protobuf.Writer.create()
  if (state.newCluster) writer.uint32(flag(1)).bool(true)
  if (state.token !== '') {
    writer.uint32(text(2)).fork()
    writer.uint32(text(5)).string(state.token)
    for (const node of state.nodes) encodeNode(writer, node)
    writer.ldelim()
  }
  if (state.etcdVersion !== '') writer.uint32(text(3)).string(state.etcdVersion)
  if (state.quarantined) writer.uint32(flag(4)).bool(true)
  return Buffer.from(writer.finish())
}

function encodeNode(writer: protobuf.Writer, node: StateNode): void {
  writer.uint32(text(7)).fork()
  writer.uint32(text(1)).string(node.name)
  for (const url of node.peerUrls) writer.uint32(text(2)).string(url)
  for (const url of node.clientUrls) writer.uint32(text(3)).string(url)
  for (const url of node.quarantinedClientUrls) writer.uint32(text(4)).string(url)
  if (node.tls) writer.uint32(flag(5)).bool(true)
  writer.ldelim()
}

export function decodeState(bytes: Buffer): EtcdState {
  const state: EtcdState = { newCluster: false, token: '', nodes: [], etcdVersion: '', quarantined: false }
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === flag(1)) state.newCluster = reader.bool()
    else if (tag === text(2)) decodeCluster(reader, reader.uint32() + reader.pos, state)
    else if (tag === text(3)) state.etcdVersion = reader.string()
    else if (tag === flag(4)) state.quarantined = reader.bool()
    else reader.skipType(tag & 7)
  }
  return state
}

function decodeCluster(reader: protobuf.Reader, end: number, state: EtcdState): void {
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === text(5)) state.token = reader.string()
    else if (tag === text(7)) state.nodes.push(decodeNode(reader, reader.uint32() + reader.pos))
    else reader.skipType(tag & 7)
  }
}

function decodeNode(reader: protobuf.Reader, end: number): StateNode {
  const node: StateNode = { name: '', peerUrls: [], clientUrls: [], quarantinedClientUrls: [], tls: false }
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === text(1)) node.name = reader.string()
    else if (tag === text(2)) node.peerUrls.push(reader.string())
    else if (tag === text(3)) node.clientUrls.push(reader.string())
    else if (tag === text(4)) node.quarantinedClientUrls.push(reader.string())
    else if (tag === flag(5)) node.tls = reader.bool()
    else reader.skipType(tag & 7)
  }
  return node
}

export async function readState(volume: string): Promise<EtcdState | undefined> {
  try {
    return decodeState(await readFile(join(volume, 'state')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export async function writeState(volume: string, state: EtcdState): Promise<void> {
  await putFile(join(volume, 'state'), encodeState(state))
}
