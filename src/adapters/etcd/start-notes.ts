/**
 * What etcd says in passing and goes on:
 * - A frame of the WAL with an impossible length is "repaired": it and all after it are cut off.
 * - `--force-new-cluster` drops entries that the WAL does not mark as committed. The mark of the last writes before a
 *   SIGKILL may not have reached the disk although they were acknowledged (seen with 3.6: 19 of 20 concurrent writes).
 */
export function startNotes(log: string): string[] {
  return log.split('\n').flatMap(noteOf)
}

function noteOf(line: string): string[] {
  if (line.includes('"repaired WAL"')) {
    return ['etcd found its WAL damaged and cut off the end: writes after it are lost; another copy may have them']
  }
  const dropped = /"discarding uncommitted WAL entries".*"number-of-discarded-entries":(\d+)/.exec(line)?.[1]
  if (!dropped || dropped === '0') return []
  return [`etcd dropped ${dropped} last entries of the WAL, not marked as committed; another copy may have them`]
}
