/** `unseen`: the store does not give it out to us, and whether it does to etcd-manager is not known. */
export type ControlState = 'present' | 'missing' | 'empty' | 'unreadable' | 'unseen'

/** FACTS 1's table, in one word each. */
export type ControlVerdict =
  | 'normal'
  | 'silent-no-backups'
  | 'about-to-seed'
  | 'blocked'
  | 'no-spec-at-restart'
  | 'unknown'

interface Judged {
  verdict: ControlVerdict
  /** One sentence: what etcd-manager does with this, and what that means. */
  explain: string
}

type JudgedFile = { state: ControlState; problem?: string }
type Judgeable = { created: JudgedFile; spec: JudgedFile }

/** What etcd-manager's leader makes of the control files. Pure; the order of the rules is etcd-manager's (FACTS 1). */
export function judgeControl({ created, spec }: Judgeable): Judged {
  if (created.state === 'unseen' || spec.state === 'unseen') {
    const [name, file] = created.state === 'unseen' ? ['etcd-cluster-created', created] : ['etcd-cluster-spec', spec]
    return {
      verdict: 'unknown',
      explain: `what etcd-manager does is not known, since ${name} could not be read here${because(file)}`,
    }
  }
  if (created.state === 'empty' || created.state === 'unreadable') {
    return {
      verdict: 'blocked',
      explain: `the marker etcd-cluster-created is ${created.state}${because(created)}: etcd-manager does nothing until it can read it, and it has content`,
    }
  }
  if (spec.state === 'empty' || spec.state === 'unreadable') {
    return {
      verdict: 'blocked',
      explain: `etcd-cluster-spec is ${spec.state}${because(spec)}: etcd-manager's leader stops at it`,
    }
  }
  return table[`${created.state}/${spec.state}`]
}

const because = ({ problem }: JudgedFile) => (problem ? ` (${problem})` : '')

const table: Record<`${'present' | 'missing'}/${'present' | 'missing'}`, Judged> = {
  'present/present': { verdict: 'normal', explain: 'marker and spec are there' },
  'missing/missing': {
    verdict: 'silent-no-backups',
    explain:
      'marker and spec are both missing: the cluster serves, no backups are made, and writing the spec alone destroys it',
  },
  'missing/present': {
    verdict: 'about-to-seed',
    explain:
      'the spec is there without the marker: within seconds the leader moves the data to the trashcan and seeds an empty cluster',
  },
  'present/missing': {
    verdict: 'no-spec-at-restart',
    explain:
      'the spec is missing: after the next restart or leader change there are no backups, and restore-backup refuses',
  },
}

/**
 * Which control files to write, in the order that is safe while the cluster serves: the marker before the spec, since a
 * spec without a marker detonates within one cycle. Afterwards the leader must be restarted (FACTS 1).
 */
export function repairOrder({ created, spec }: Judgeable): ('created' | 'spec')[] {
  const order: ('created' | 'spec')[] = []
  if (created.state !== 'present') order.push('created')
  if (spec.state !== 'present') order.push('spec')
  return order
}
