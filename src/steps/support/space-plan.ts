import { type CarriedState, type Finding, told, whyOf } from './carried-state.ts'
import { DEFAULT_BYTES, isFull, sayBytes } from './space.ts'

const MORE_ROOM = 'give etcd more room first: ETCD_QUOTA_BACKEND_BYTES in manager.env of the kOps spec'

/**
 * The database beside the quota of the etcd that will run it. A quota that could not be read is not known, which is said
 * on its own; where the data would be too large for etcd's default, the smallest in use, it is a question, unless the nodes
 * of which it is known all have one and the same: kOps gives them one manifest. Pure.
 */
export function spaceFindings(state: CarriedState): Finding[] {
  const { quotas } = state
  const bytes = comesAlong(state)
  const unknown = quotas.filter(({ quota }) => quota.is !== 'seen')
  const known = quotas.flatMap(({ node, quota }) => (quota.is === 'seen' ? [{ node, bytes: quota.value }] : []))
  const findings = [
    ...unknown.map(({ node, quota }) =>
      told(`${node}: the quota of its etcd is not known, nor whether ${sayBytes(bytes)} fit${whyOf(quota)}`),
    ),
    ...(state.way === 'restore' ? fitsKeys(state, known) : fitsFile(state, known)),
  ]
  const isLarge = isFull({ quotaBytes: DEFAULT_BYTES }, bytes)
  const isOne = new Set(known.map((one) => one.bytes)).size === 1
  return unknown.length > 0 && !isOne && isLarge && findings.every(({ is }) => is === 'told')
    ? [
        ...findings,
        ask(`the database has ${sayBytes(bytes)}, more than etcd's default quota, and which one there is is not known`),
      ]
    : findings
}

/** etcd-manager puts what is in use: the free pages of the file do not come along. */
function comesAlong({ way, size }: CarriedState): number {
  return way === 'restore' && size.inUse.is === 'seen' ? size.inUse.value : size.bytes
}

interface Known {
  node: string
  bytes: number
}

/** The file as it is, which compaction and defragmentation make smaller; keys and values they do not. */
function fitsFile({ size, disarm, alarms }: CarriedState, known: readonly Known[]): Finding[] {
  const tooSmall = tooSmallFor(size.live, known)
  if (tooSmall.length > 0)
    return [
      ask(
        `keys and values alone have ${sayBytes(size.live)}, and ${sayQuotas(tooSmall)}: etcd takes no write, compacted or not`,
      ),
    ]
  const full = tooSmallFor(size.bytes, known)
  if (full.length === 0) return known.length === 0 ? [] : [told(fits(size.bytes, known))]
  const isRaised = alarms.is === 'seen' && alarms.value.some(({ kind }) => kind === 'NOSPACE')
  const then = isRaised
    ? 'the alarm would be raised again by the next write'
    : 'etcd raises the alarm NOSPACE with the next write'
  const said = `the database has ${sayBytes(size.bytes)}, and ${sayQuotas(full)}: ${then}`
  if (disarm === 'no') return [told(`${said}. It is left as it is, as you said`)]
  if (disarm !== 'ask') return [{ is: 'told', say: `${said}. ${SMALLER}`, makesRoom: true }]
  const question = `${said}. ${SMALLER} Go on?`
  return [{ is: 'asked', code: 'full', say: said, question, default: true, makesRoom: true }]
}

const SMALLER =
  'After the data was compared it is compacted to what is there now and defragmented, one member after the other.'

/** etcd-manager puts key by key, and begins again for ever when one is refused (FACTS 4). */
function fitsKeys(state: CarriedState, known: readonly Known[]): Finding[] {
  const { size } = state
  const inUse = comesAlong(state)
  const beyond = known.filter(({ bytes }) => size.live >= bytes)
  if (beyond.length > 0)
    return [
      {
        ...{ is: 'refused', code: 'PRECONDITION' },
        say: `keys and values alone have ${sayBytes(size.live)}, and ${sayQuotas(beyond)}: etcd-manager could not put them all, and would begin again for ever`,
        hint: `nothing was changed; ${MORE_ROOM}`,
      },
    ]
  const tight = tooSmallFor(inUse, known)
  if (tight.length > 0)
    return [
      ask(
        `what is in use has ${sayBytes(inUse)}, and ${sayQuotas(tight)}: etcd-manager may not be able to put all keys`,
      ),
    ]
  return known.length === 0 ? [] : [told(fits(inUse, known))]
}

const tooSmallFor = (bytes: number, known: readonly Known[]) =>
  known.filter((one) => isFull({ quotaBytes: one.bytes }, bytes))

const sayQuotas = (known: readonly Known[]) =>
  `the quota is ${known.map(({ node, bytes }) => `${sayBytes(bytes)} on ${node}`).join(', ')}`

const fits = (bytes: number, known: readonly Known[]) => `${sayBytes(bytes)} fit: ${sayQuotas(known)}`

const ask = (say: string): Finding => ({
  ...{ is: 'asked', code: 'quota', say },
  question: `Careful: ${say}. Better ${MORE_ROOM}. Go on all the same?`,
})
