import { RescueError } from '../../errors/rescue-error.ts'
import { type RestoreLine, readRestoreLine } from '../../etcd-manager/restore-log.ts'
import { logTail } from '../../node/log-end.ts'
import { pathOn } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'

/** Of each log, at each look: more than etcd-manager writes between two of them. */
const TAIL_BYTES = 256 * 1024
/** A node is chosen anew for each try; one error may be that node's, as many as this in a row are the backup's. */
const REFUSALS = 3

interface Watched {
  world: World
  signal: AbortSignal
  command: { key: string; backup: string }
}

export interface RestoreWatch {
  /**
   * What the logs of all control-plane nodes say of the restore since the look before, in a sentence; '' for nothing. At most
   * one reading a loop of etcd-manager. `BACKUP_INVALID` when the restore itself has failed again and again: trashed tokens
   * are no proof of that, since a leader that was killed leaves some too, and then restores correctly (FACTS 4).
   */
  look(): Promise<string>
}

/**
 * Watches the logs from now on: what stands in them at the first look may be of an earlier attempt, and a restore that fails
 * says so again within 20 s. Nothing of this is journaled, so a resumed run judges anew.
 */
export function watchRestoreLog(watched: Watched): RestoreWatch {
  const { world } = watched
  const nodes = world.controlPlane.map((host) => ({ host, known: undefined as Set<string> | undefined }))
  const refusals: { node: string; why: string }[] = []
  let readAt = Number.NEGATIVE_INFINITY
  let last = ''

  async function read({ host, known }: (typeof nodes)[number], path: string) {
    const tail = await logTail(host, pathOn(host, path), TAIL_BYTES, watched.signal)
    if (tail.is !== 'seen') return { node: host.name, unread: tail.is === 'absent' ? `no ${path}` : tail.why }
    const lines = ofThisRestore(tail.value, watched.command.backup)
    const news = known === undefined ? [] : lines.filter(({ text }) => !known.has(text))
    return { node: host.name, news: news.map(({ said }) => said), all: lines.map(({ text }) => text) }
  }

  return {
    look: async () => {
      const now = world.clock.now().getTime()
      if (now - readAt < world.target.loopSeconds * 1000) return last
      readAt = now
      const { log } = world.target
      if (log === undefined) return NO_LOG
      const readings = await Promise.all(nodes.map((node) => read(node, log)))
      const told: string[] = []
      for (const [at, { node, news = [], all }] of readings.entries()) {
        const one = nodes[at]
        if (one && all) one.known = new Set([...(one.known ?? []), ...all])
        for (const { kind, why } of news) {
          if (kind === 'refused') refusals.push({ node, why })
          told.push(sentence(kind, node, why))
        }
      }
      if (refusals.length >= REFUSALS) throw failing(watched, refusals)
      const unread = readings.flatMap(({ node, unread }) => (unread === undefined ? [] : [`${node}: ${unread}`]))
      // what it waits for holds until its log says something else
      last = told.at(-1) ?? last
      return told.length === 0 && unread.length > 0 ? `${NOT_READ}: ${unread.join('; ')}` : last
    },
  }
}

const NOT_READ = 'whether the restore fails is not known, for these logs could not be read'
const NO_LOG = 'whether the restore fails is not known: the configuration names no log of etcd-manager (logs:)'

type Said = Exclude<RestoreLine, { kind: 'begins' }>

/** The errors that follow a beginning of this very restore; those of another command, or of before, are not meant. */
function ofThisRestore(lines: readonly string[], backup: string): { text: string; said: Said }[] {
  const found: { text: string; said: Said }[] = []
  let isOurs = false
  for (const text of lines) {
    const said = readRestoreLine(text)
    if (said === undefined) continue
    if (said.kind === 'begins') isOurs = said.backup === backup
    else if (isOurs) found.push({ text, said })
  }
  return found
}

function sentence(kind: Said['kind'], node: string, why: string): string {
  if (kind === 'collision')
    return `etcd-manager on ${node} waits until the prepare of a leader that was killed runs out (60 s each); then it restores by itself`
  if (kind === 'refused') return `the restore has failed on ${node}, and is begun again: ${why}`
  return `etcd-manager on ${node} says: ${why}`
}

function failing({ world, command }: Watched, refusals: readonly { node: string; why: string }[]): RescueError {
  const [last] = refusals.slice(-1)
  const leaders = [...new Set(refusals.map(({ node }) => node))].join(', ')
  return new RescueError(
    'BACKUP_INVALID',
    `etcd-manager cannot restore ${command.backup} and begins again for ever (${refusals.length} times while this run looked, by its log on ${leaders}): ${last?.why}`,
    {
      hint: `nothing is served until it is ended. What ran before is safe in data-trashcan/. Remove ${command.key} from ${world.store.url}, then restart the leader, which has it in memory: etcd-rescue restart etcd-manager. An EMPTY cluster is served then: keep the API servers stopped (etcd-rescue fence), and bring the data back: etcd-rescue recover`,
    },
  )
}
