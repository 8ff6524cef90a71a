import { badPage, isDamage, MAX_FINDINGS } from './damage.ts'
import { type Bucket, bytesOf, type Db, readPageHead } from './db.ts'
import { readRevision, readUint64BE } from './kv.ts'
import { elementAt, type Page } from './page.ts'

export interface EtcdMember {
  /** Lower-case hex without a prefix, as etcd prints it. */
  id: string
  name: string
  peerUrls: string[]
  clientUrls: string[]
  /** It has no vote: what only it holds was acknowledged by others. */
  isLearner?: true
}

/** What etcd keeps about itself beside the keys. */
export interface EtcdMeta {
  /** The last entry of the WAL that this file holds. */
  consistentIndex: number
  /** 0 before 3.5, which did not keep it. */
  term: number
  compactRevision: number
  scheduledCompactRevision: number
  /** Major and minor as `3.5.0`; absent in a member that never saw its cluster's version. */
  clusterVersion?: string
  members: EtcdMember[]
  removedMembers: string[]
  /** Of these buckets, those that could not be read: what they would tell is not known. */
  unread: string[]
}

const MAX_MEMBERS = 100
const MAX_VALUE_BYTES = 16 * 1024

/** Reads the small buckets `meta`, `cluster`, `members` and `members_removed`. Damage becomes findings. */
export async function readEtcdMeta(db: Db, buckets: Map<string, Bucket>, findings: string[]): Promise<EtcdMeta> {
  const unread: string[] = []
  const read = async (name: string) => {
    const damage: string[] = []
    const entries = await readSmall(db, buckets.get(name), damage)
    if (damage.length > 0 || !buckets.has(name)) unread.push(name)
    findings.push(...damage.slice(0, Math.max(0, MAX_FINDINGS - findings.length)))
    return entries
  }
  const [meta, cluster, members, removed] = await Promise.all(
    ['meta', 'cluster', 'members', 'members_removed'].map(read),
  )
  const version = cluster?.get('clusterVersion')?.toString('latin1')
  return {
    consistentIndex: uint64(meta?.get('consistent_index')),
    term: uint64(meta?.get('term')),
    compactRevision: revision(meta?.get('finishedCompactRev')),
    scheduledCompactRevision: revision(meta?.get('scheduledCompactRev')),
    ...(version && /^\d{1,3}\.\d{1,3}\.\d{1,5}$/.test(version) ? { clusterVersion: version } : {}),
    members: [...(members ?? [])]
      .map(([id, value]) => parseMember(id, value, findings))
      .filter((member) => member !== undefined),
    removedMembers: [...(removed?.keys() ?? [])],
    unread,
  }
}

type Small = Map<string, Buffer>

/** All entries of a bucket of one page, by their raw key as latin1. Damage becomes a finding. */
export async function readSmall(db: Db, bucket: Bucket | undefined, findings: string[]): Promise<Small> {
  const entries: Small = new Map()
  if (!bucket) return entries
  try {
    const page = bucket.inline ?? (await readPageHead(db, bucket.root))
    if (page.kind !== 'leaf' || page.count > MAX_MEMBERS)
      throw badPage(page.id, `the bucket ${bucket.name} is too large`)
    for (let index = 0; index < page.count; index++) await readEntry(db, page, index, entries)
  } catch (error) {
    if (!isDamage(error)) throw error
    if (findings.length < MAX_FINDINGS) findings.push(`unusable: ${error.message}`)
  }
  return entries
}

async function readEntry(db: Db, page: Page, index: number, entries: Small): Promise<void> {
  const { keyStart, keyEnd, valueEnd } = elementAt(page, index)
  if (valueEnd - keyEnd > MAX_VALUE_BYTES) throw badPage(page.id, `element ${index} is too long`)
  const both = await bytesOf(db, page, keyStart, valueEnd)
  const keyBytes = keyEnd - keyStart
  entries.set(both.toString('latin1', 0, keyBytes), Buffer.from(both.subarray(keyBytes)))
}

function uint64(value: Buffer | undefined): number {
  return value?.length === 8 ? readUint64BE(value, 0) : 0
}

function revision(value: Buffer | undefined): number {
  try {
    return value ? readRevision(value, 0, value.length).main : 0
  } catch {
    return 0
  }
}

/** A member as JSON. Its id is taken from the key: as a number in JSON it would lose its last digits. */
function parseMember(id: string, value: Buffer, findings: string[]): EtcdMember | undefined {
  try {
    if (!/^[0-9a-f]{1,16}$/.test(id)) throw new Error('its id is not a number in hex')
    const member = JSON.parse(value.toString('utf8')) as Record<string, unknown>
    const name = typeof member.name === 'string' ? member.name.slice(0, 200) : ''
    const learner = member.isLearner === true ? { isLearner: true as const } : {}
    return { id, name, peerUrls: strings(member.peerURLs), clientUrls: strings(member.clientURLs), ...learner }
  } catch (error) {
    if (findings.length < MAX_FINDINGS)
      findings.push(`a member cannot be read: ${error instanceof Error ? error.message : error}`)
    return undefined
  }
}

function strings(value: unknown): string[] {
  if (!Array.isArray(value)) return []
  return value
    .filter((entry) => typeof entry === 'string')
    .slice(0, 20)
    .map((entry) => entry.slice(0, 300))
}
