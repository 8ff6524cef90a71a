import { chmod, cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c } from '../../src/bolt/crc32c.ts'
import {
  bufferSource,
  type MemberLog,
  type NamedSource,
  NO_FILE,
  peekDb,
  peekMember,
  readMemberLog,
  stateRecord,
} from '../../src/bolt/index.ts'
import { CRC, ENTRY, METADATA, readFrame, readNumbers, readRecord, STATE } from '../../src/bolt/wal-record.ts'
import type { EtcdRelease, StartOptions } from '../../src/ports/etcd.ts'
import { testEtcd } from '../support/etcd.ts'

/** The same etcd, making a raft snapshot every `count` entries. */
export async function snapshotting(release: EtcdRelease, count: number, dir: string): Promise<EtcdRelease> {
  const etcd = join(dir, `etcd-${release.version}-${count}.sh`)
  await writeFile(etcd, `#!/bin/sh\nexec '${release.etcd}' "$@" --snapshot-count ${count}\n`)
  await chmod(etcd, 0o700)
  return { ...release, etcd }
}

/** What a real etcd makes of a copy of the directory: how far it came, or what it said. */
export async function askEtcd(release: EtcdRelease, dir: string, scratch: string, options: StartOptions = {}) {
  await rm(scratch, { recursive: true, force: true })
  await cp(dir, scratch, { recursive: true })
  try {
    const member = await testEtcd().start(release, scratch, options)
    const { revision, raftIndex } = await member.client.status()
    await member.stop()
    return { revision, raftIndex }
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const names = async (dir: string) => (await readdir(dir).catch(() => [])).sort()

async function sources(dir: string): Promise<NamedSource[]> {
  const found = (await names(dir)).filter((name) => name !== 'db')
  return Promise.all(found.map(async (name) => ({ name, source: bufferSource(await readFile(join(dir, name))) })))
}

/** The whole log of a data directory, and what a look at its end says. */
export async function readDir(dir: string) {
  const member = join(dir, 'member')
  const [wal, snap] = await Promise.all([sources(join(member, 'wal')), sources(join(member, 'snap'))])
  const content = await readFile(join(member, 'snap', 'db')).catch(() => undefined)
  const db = content ? bufferSource(content) : NO_FILE
  const log = await readMemberLog(await peekDb(db), { wal, snap })
  return { log, peek: await peekMember(db, wal, snap) }
}

/** Does to a copy of the directory what a log's fields say, and marks all of it as committed. */
export async function mend(dir: string, log: MemberLog): Promise<void> {
  const [wal, snap] = [join(dir, 'member', 'wal'), join(dir, 'member', 'snap')]
  for (const name of [...log.filesBefore, ...log.filesAfter]) await rm(join(wal, name))
  for (const name of log.setAside) await rm(join(snap, name))
  if (log.state === 'database-lost') await rm(join(snap, 'db'), { force: true })
  const { end, lastIndex = 0, term = 0, lastTerm = 0 } = log
  if (!end) return
  await truncate(join(wal, end.file), end.offset)
  const mark = stateRecord({ term: Math.max(term, lastTerm), commit: lastIndex, previousCrc: end.crc })
  await writeFile(join(wal, end.file), mark, { flag: 'a' })
}

export interface Frame {
  offset: number
  next: number
  type: number
  crc: number
  content: Buffer
  /** Of an entry. */
  index: number
}

/** The records of a sound WAL file. */
export function frames(wal: Buffer): Frame[] {
  const found: Frame[] = []
  for (let at = 0; at + 8 <= wal.length; ) {
    const { recordBytes, padBytes } = readFrame(wal, at)
    if (recordBytes === 0) break
    const record = readRecord(wal, at + 8, at + 8 + recordBytes)
    const next = at + 8 + recordBytes + padBytes
    const index = record.type === ENTRY ? readNumbers(wal, record).numbers[3] : 0
    found.push({
      offset: at,
      next,
      type: record.type,
      crc: record.crc,
      content: wal.subarray(record.start, record.end),
      index,
    })
    at = next
  }
  return found
}

/** A framed record as etcd writes it. */
export function frame(type: number, crc: number, data?: Buffer): Buffer {
  const body = [0x08, type, 0x10, ...varint(crc), ...(data ? [0x1a, ...varint(data.length), ...data] : [])]
  const pad = (8 - (body.length % 8)) % 8
  const framed = Buffer.alloc(8 + body.length + pad)
  framed.writeUInt32LE(body.length, 0)
  if (pad > 0) framed.writeUInt8(0x80 | pad, 7)
  Buffer.from(body).copy(framed, 8)
  return framed
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let left = value
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128)
  return [...bytes, left]
}

export const walName = (sequence: number, index: number) =>
  `${sequence.toString(16).padStart(16, '0')}-${index.toString(16).padStart(16, '0')}.wal`

/** Cuts the one WAL file of a directory into several before these entries, each begun as etcd begins a file. */
export async function splitWal(dir: string, before: number[]): Promise<string[]> {
  const folder = join(dir, 'member', 'wal')
  const first = join(folder, walName(0, 0))
  const wal = await readFile(first)
  const all = frames(wal)
  const metadata = all.find(({ type }) => type === METADATA)?.content ?? Buffer.alloc(0)
  const cuts = before.map((index) => all.findIndex((one) => one.index === index))
  const files: string[] = []
  let crc = 0
  for (const [at, from] of [0, ...cuts].entries()) {
    const part = all.slice(from, cuts[at])
    const pieces: Buffer[] = []
    const add = (type: number, data: Buffer) => {
      crc = crc32c(crc, data)
      pieces.push(frame(type, crc, data))
    }
    if (at > 0) {
      pieces.push(frame(CRC, crc))
      add(METADATA, metadata)
      const state = all.slice(0, from).findLast(({ type }) => type === STATE)
      if (state) add(STATE, state.content)
    }
    for (const { type, content } of part) type === CRC ? pieces.push(frame(CRC, crc)) : add(type, content)
    files.push(walName(at, at === 0 ? 0 : (before[at - 1] ?? 0)))
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, files.at(-1) ?? ''), Buffer.concat([...pieces, Buffer.alloc(4096)]))
  }
  return files
}
