import { readFileSync } from 'node:fs'
import { codeOf } from './local-file.ts'

/** Names this process on this machine: its number and when it started. */
export const ownMark = (): string => `${process.pid} ${startOf(process.pid)}`

/** A pid alone is used again after a restart; with its start time it names one process. */
export function isAlive(mark: string): boolean {
  const [pid = '', start = ''] = mark.split(' ')
  if (!/^\d+$/.test(pid)) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
  return startOf(Number(pid)) === start
}

/** Clock ticks since boot, field 22 of /proc/<pid>/stat; `0` where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0'
  } catch {
    return '0'
  }
}
