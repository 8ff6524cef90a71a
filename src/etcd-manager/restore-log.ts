/** What one line of etcd-manager's log says of a restore; most say nothing of it. */
export type RestoreLine =
  /** The leader has begun it, or begun it again. */
  | { kind: 'begins'; backup: string }
  /** The restore's own error. It will be the same the next time: the backup cannot be restored by this etcd-manager. */
  | { kind: 'refused'; why: string }
  /** A leader was killed while it archived, and its prepare has to run out (60 s); then etcd-manager restores by itself. */
  | { kind: 'collision'; why: string }
  /** Another error of the leader's loop. It may pass: a peer that is just restarting, a store that does not answer. */
  | { kind: 'trouble'; why: string }

const BEGINS = /got restore-backup command: .*\bbackup:\s*"([^"]{1,300})"/
const FAILED = /unexpected error running etcd cluster reconciliation loop: (.{1,2000})/
/** Two leaders or two tries met: nothing of this is about the backup (FACTS 4). */
const COLLISION = /JoinClusterRequest \(prepare\)|concurrent prepare in progress/
/** The restore itself, on the leader or on the node that was chosen for it. */
const OF_THE_RESTORE = /error reading backup info in|etcd version not found in|error restoring backup on peer/

/**
 * What of the restore's errors tells that the next try ends alike (FACTS 4: a name that is not there, a meta that is empty
 * or has an unknown field, a version that is not installed, a gzip that is cut, damaged or none, no hash or a wrong one).
 * The words are etcd-manager's, read in v3.0.20260227 and v3.0.20260707.
 */
const FINAL: readonly RegExp[] = [
  /etcd version not found in/,
  /error parsing file|proto: |unknown field/,
  /file does not exist|NoSuchKey|no such file or directory/,
  /unknown etcd version .*not found in/,
  /error expanding (snapshot|file)|error reading gzip|gzip: /,
  /snapshot restore returned (a non-zero exit code|an error)|error running etcd(ctl|utl) snapshot restore/,
  /does not support etcd v2/,
]
/** The same words about the node and not about the backup. */
const OF_THE_NODE = /no space left on device|cannot allocate memory|too many open files/

const LINE_CHARACTERS = 300

/** Reads one line; `undefined` for one that says nothing of a restore. Pure; the line is somebody else's and is cut. */
export function readRestoreLine(line: string): RestoreLine | undefined {
  const backup = BEGINS.exec(line)?.[1]
  if (backup !== undefined) return { kind: 'begins', backup }
  const error = FAILED.exec(line)?.[1]
  if (error === undefined) return undefined
  const why = error.slice(0, LINE_CHARACTERS)
  if (COLLISION.test(error)) return { kind: 'collision', why }
  const isFinal = OF_THE_RESTORE.test(error) && !OF_THE_NODE.test(error) && FINAL.some((words) => words.test(error))
  return { kind: isFinal ? 'refused' : 'trouble', why }
}
