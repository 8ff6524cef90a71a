import { bytes, count, minute } from './numbers.ts'

/** What the one table of copies shows of one, wherever it is printed. */
export interface CopyTold {
  /** `NODE:TOKEN`, or a backup's name. */
  id: string
  node?: string | undefined
  path?: string | undefined
  place: string
  /** An etcd that has a part in the cluster runs on it. */
  isUsed: boolean
  /** Its node's own `state` names it. */
  named?: boolean | undefined
  serving?: boolean | undefined
  /** Why it could not be told whether an etcd runs on it. */
  servingUnseen?: string | undefined
  revision?: number | undefined
  walWrites?: number | undefined
  walWritesExact?: boolean | undefined
  keys?: number | undefined
  sizeBytes: number
  /** When it was trashed, or the backup made. */
  at?: number | string | undefined
  etcdVersion?: string | undefined
  why: string
  findings: readonly string[]
}

export const copyColumns = ['copy', 'place', 'revision', 'only in WAL', 'keys', 'size', 'since (UTC)', 'etcd', 'why']

export function copyCells(copies: readonly CopyTold[]): string[][] {
  const names = copyNames(copies)
  return copies.map((copy, index) => [
    names[index] ?? copy.id,
    placeOf(copy),
    copy.revision === undefined ? '?' : count(copy.revision),
    writesOf(copy),
    copy.keys === undefined ? '?' : `~${count(copy.keys)}`,
    bytes(copy.sizeBytes),
    copy.at === undefined ? '-' : minute(copy.at),
    copy.etcdVersion ?? '?',
    remarks(copy),
  ])
}

/** A token that lies twice on a node, in `data/` and in the trashcan, is told by its path: as `--copy` takes it. */
export function copyNames(copies: readonly Pick<CopyTold, 'id' | 'node' | 'path'>[]): string[] {
  const isTwice = (id: string) => copies.filter((copy) => copy.id === id).length > 1
  return copies.map(({ id, node, path }) =>
    node !== undefined && path !== undefined && isTwice(id) ? `${node}:${path}` : id,
  )
}

const placeOf = ({ isUsed, place }: CopyTold) => (isUsed ? 'running now' : place)

function writesOf({ place, walWrites, walWritesExact }: CopyTold): string {
  if (walWrites === undefined) return place === 'backup' ? '-' : '?'
  return `${walWritesExact ? '' : '~'}${count(walWrites)}`
}

function remarks({ why, findings, ...copy }: CopyTold): string {
  return [why, ...claimOf(copy), ...findings.filter((finding) => finding !== why)].join('; ')
}

/** What the node's own file says, and nothing bears out. */
function claimOf({ named, serving, servingUnseen }: Pick<CopyTold, 'named' | 'serving' | 'servingUnseen'>): string[] {
  if (!named || serving) return []
  if (servingUnseen !== undefined) return ["its node's state names it; whether an etcd runs on it could not be told"]
  return ["its node's state names it; nothing runs on it"]
}
