import type { Bucket, Db } from './db.ts'
import { readSmall } from './etcd-meta.ts'
import { readAlarm } from './small-buckets.ts'

export type Alarm = 'NOSPACE' | 'CORRUPT'

export interface RaisedAlarm {
  kind: Alarm
  /** Lower-case hex. */
  memberId: string
}

/** What a restore carries over and a client then runs into. A field is absent where it could not be read: not known. */
export interface DbFlags {
  /** Raised by any member: with one, etcd refuses every write. */
  alarms?: Alarm[]
  /** The same, each with the member that it is about. */
  raised?: RaisedAlarm[]
  /** Clients without a user are refused. */
  authEnabled?: boolean
  /** The version that a downgrade, begun and not ended, was to lead to. */
  downgradeTo?: string
}

/** Reads the buckets `alarm`, `auth` and `cluster`: a page each, most of them in the page of the root. */
export async function readFlags(db: Db, buckets: Map<string, Bucket>): Promise<DbFlags> {
  const [alarm, auth, cluster] = await Promise.all(
    ['alarm', 'auth', 'cluster'].map(async (name) => {
      const findings: string[] = []
      const entries = await readSmall(db, buckets.get(name), findings)
      return buckets.has(name) && findings.length === 0 ? entries : undefined
    }),
  )
  const downgradeTo = cluster && downgradeIn(cluster.get('downgrade'))
  return {
    ...(alarm && alarmsIn([...alarm.keys()])),
    ...(auth && { authEnabled: auth.get('authEnabled')?.[0] === 1 }),
    ...(downgradeTo !== undefined && { downgradeTo }),
  }
}

const KINDS = ['NOSPACE', 'CORRUPT'] as const

function alarmsIn(keys: string[]): Pick<DbFlags, 'alarms' | 'raised'> {
  const found = keys.map((key) => readAlarm(Buffer.from(key, 'latin1')))
  const raised = KINDS.flatMap((kind) =>
    found.filter((one) => one.kind === kind).map(({ memberId }) => ({ kind, memberId })),
  )
  return { alarms: KINDS.filter((kind) => raised.some((one) => one.kind === kind)), raised }
}

/** `{"target-version":"3.5.0","enabled":true}` */
function downgradeIn(value: Buffer | undefined): string | undefined {
  try {
    const parsed = JSON.parse(value?.toString('utf8') ?? '{}') as { 'target-version'?: unknown; enabled?: unknown }
    const target = parsed['target-version']
    const isVersion = typeof target === 'string' && /^\d{1,3}\.\d{1,3}\.\d{1,5}$/.test(target)
    return parsed.enabled === true && isVersion ? target : undefined
  } catch {
    return undefined
  }
}

/** What these flags mean for whoever restores it. */
export function flagFindings({ alarms = [], authEnabled, downgradeTo }: DbFlags): string[] {
  return [
    ...alarms.map((alarm) => ALARM_TEXTS[alarm]),
    ...(authEnabled
      ? ['auth is enabled: a restored etcd refuses every client without a user or certificate of its own']
      : []),
    ...(downgradeTo === undefined ? [] : [`a downgrade to ${downgradeTo} was begun and not ended`]),
  ]
}

const ALARM_TEXTS: Record<Alarm, string> = {
  NOSPACE: 'it holds a NOSPACE alarm: an etcd that is restored from it refuses every write until the alarm is disarmed',
  CORRUPT: 'it holds a CORRUPT alarm: a member found that its data differs, and a restored etcd refuses every request',
}
