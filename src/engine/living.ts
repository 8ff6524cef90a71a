import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { codeOf } from './local-file.ts'

/**
 * Names this process: where its number was given, the number, and when it started. A work directory may be shared by
 * machines, and by containers that have the machine's name: a process number says something only where it was given,
 * which is a PID namespace of a machine (pid_namespaces(7)).
 */
export const ownMark = (): string => `${here()} ${process.pid} ${startOf(process.pid)}`

/** `elsewhere`: of another machine or container. It may live or be dead: that cannot be seen from here. */
export type Living = 'alive' | 'dead' | 'elsewhere'

/** What a mark's process does. A pid alone is used again after a restart; with its start time it names one process. */
export function livingOf(mark: string): Living {
  const [where, pid = '', start] = mark.trim().split(' ')
  if (where !== here() || !/^\d+$/.test(pid)) return 'elsewhere'
  return isThere(Number(pid)) && [start, UNSEEN].includes(startOf(Number(pid))) ? 'alive' : 'dead'
}

const here = () => `${hostname().slice(0, 60)}-${pidNamespace()}`.replace(/[^\w-]/g, '_')

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
  } catch {
    return 'none'
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** Where there is no /proc, or it hides the processes of others. */
const UNSEEN = '0'

/** Clock ticks since boot, field 22 of /proc/<pid>/stat. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? UNSEEN
  } catch {
    return UNSEEN
  }
}
