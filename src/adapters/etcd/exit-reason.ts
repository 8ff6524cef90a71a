import type { ChildProcess } from 'node:child_process'
import { RescueError } from '../../errors/rescue-error.ts'
import type { ErrorCode } from '../../errors/table.ts'
import type { EtcdRelease } from '../../ports/etcd.ts'
import { lastUsefulLine } from './log-line.ts'

interface Reason {
  pattern: RegExp
  code: ErrorCode
  hint: string
}

/** What etcd and its tools say (or die of), and what it means. The first match counts. */
const reasons: Reason[] = [
  {
    pattern: /no space left on device|ENOSPC|not enough space/i,
    code: 'DISK_FULL',
    hint: 'make room, or put the working directory on a larger disk: --work-dir',
  },
  {
    pattern: /cannot be downgraded|invalid downgrade/i,
    code: 'VERSION_MISMATCH',
    hint: 'this data was written by a newer etcd: use that minor version, or restore its db file instead (FACTS 2)',
  },
  {
    pattern: /missing hash/i,
    code: 'COPY_CORRUPT',
    hint: 'a plain copy of a database carries no SHA-256: restore it without the hash check, or append the digest',
  },
  {
    pattern:
      /expected sha256|SIGBUS|SIGSEGV|unexpected fault|invalid database|checksum|crc mismatch|corrupt|max entry size limit|file size too small|unexpected EOF|page \d+|bolt|freelist|walpb|wal:|slice bounds|index out of range|failed to (open|recover|find|read)|version mismatch|panic/i,
    code: 'COPY_CORRUPT',
    hint: 'this copy is damaged: take one of another member, or the db file alone without its WAL',
  },
]

/** Why a tool or a member ended, from its output and the signal that killed it. */
export function reasonFor(who: string, output: string, end: string): RescueError {
  const said = lastUsefulLine(output)
  const reason = reasons.find(({ pattern }) => pattern.test(said) || pattern.test(end))
  const message = `${who} failed (${end})${said === '' ? '' : `: ${said}`}`
  return new RescueError(reason?.code ?? 'ETCD_FAILED', message, {
    hint: reason?.hint ?? 'run it by hand to see more; the command is in the log of this run',
  })
}

/** Exit code or signal, in words. */
export function endOf(child: { code: number | null; signal: NodeJS.Signals | null }): string {
  return child.signal ? `signal ${child.signal}` : `exit code ${child.code}`
}

export function explainExit(release: EtcdRelease, child: ChildProcess, log: string): RescueError {
  return reasonFor(`etcd ${release.version}`, log, endOf({ code: child.exitCode, signal: child.signalCode }))
}
