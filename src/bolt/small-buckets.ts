import { badPage, MAX_FINDINGS } from './damage.ts'
import type { Bucket, Db } from './db.ts'
import { isReadableEntry, REWRITTEN } from './etcd-entries.ts'
import { elementAt, type Page } from './page.ts'
import { FieldReader } from './protobuf.ts'
import { note, sweepLeaves } from './sweep.ts'
import type { WalkOptions } from './walk.ts'

export interface DbLease {
  /** Decimal string, as in `KvRecord.lease`. */
  id: string
  /** Seconds that it was granted for. */
  ttl: number
  /** Seconds that were left at the last checkpoint; 0 when there was none. */
  remaining: number
}

export interface SmallBuckets {
  leases: { count: number; list: DbLease[] }
  auth: { enabled: boolean; users: number; roles: number }
  /** `NOSPACE`, `CORRUPT`, once for each member that raised it. */
  alarms: string[]
  /** Entries of all buckets but `key`, which etcdutl counts as keys before 3.6. */
  entries: number
}

const MAX_LISTED = 1000
const ALARMS = ['NONE', 'NOSPACE', 'CORRUPT']

/** Reads and checks every bucket but `key`. */
export async function readSmallBuckets(db: Db, buckets: Map<string, Bucket>, walk: WalkOptions): Promise<SmallBuckets> {
  const small: SmallBuckets = {
    leases: { count: 0, list: [] },
    auth: { enabled: false, users: 0, roles: 0 },
    alarms: [],
    entries: 0,
  }
  for (const [name, bucket] of buckets) {
    if (name === 'key') continue
    for await (const pages of sweepLeaves(db, bucket, walk)) for (const page of pages) takePage(small, name, page, walk)
  }
  return small
}

function takePage(small: SmallBuckets, name: string, page: Page, walk: WalkOptions): void {
  for (let index = 0; index < page.count; index++) {
    const { keyStart, keyEnd, valueEnd } = elementAt(page, index)
    const key = page.body.subarray(keyStart, keyEnd)
    const value = page.body.subarray(keyEnd, valueEnd)
    small.entries++
    if (isReadableEntry(name, key, value)) takeEntry(small, name, key, value)
    else noteUnreadable(walk, name, page.id, index)
  }
}

function noteUnreadable(walk: WalkOptions, name: string, id: number, index: number): void {
  const damage = badPage(id, `etcd cannot read element ${index} of the bucket ${name}`)
  if (!REWRITTEN.includes(name)) note(walk, damage)
  else if (walk.findings.length < MAX_FINDINGS) walk.findings.push(`${damage.message}; a restore writes it anew`)
}

function takeEntry({ leases, auth, alarms }: SmallBuckets, name: string, key: Buffer, value: Buffer): void {
  if (name === 'lease') {
    leases.count++
    if (leases.list.length < MAX_LISTED) leases.list.push(readLease(value))
  } else if (name === 'auth' && key.toString('latin1') === 'authEnabled') auth.enabled = value[0] === 1
  else if (name === 'authUsers') auth.users++
  else if (name === 'authRoles') auth.roles++
  else if (name === 'alarm' && alarms.length < 100) alarms.push(readAlarm(key).kind)
}

/** A `leasepb.Lease`: 1 id, 2 TTL, 3 remaining TTL. */
function readLease(value: Buffer): DbLease {
  const lease: DbLease = { id: '0', ttl: 0, remaining: 0 }
  const reader = new FieldReader(value)
  while (reader.next()) {
    if (reader.field === 1) lease.id = String(BigInt.asIntN(64, reader.big()))
    else if (reader.field === 2) lease.ttl = reader.value
    else if (reader.field === 3) lease.remaining = reader.value
  }
  return lease
}

/** The key is an `AlarmMember`: 1 member, 2 alarm. The member's id is in hex, as etcd prints it. */
export function readAlarm(key: Buffer): { kind: string; memberId: string } {
  const alarm = { kind: 'NONE', memberId: '0' }
  const reader = new FieldReader(key)
  while (reader.next()) {
    if (reader.field === 1) alarm.memberId = BigInt.asUintN(64, reader.big()).toString(16)
    else if (reader.field === 2) alarm.kind = ALARMS[reader.value] ?? 'unknown'
  }
  return alarm
}
