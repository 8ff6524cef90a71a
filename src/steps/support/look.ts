import { type MemberPeek, peekMember } from '../../bolt/index.ts'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { ErrorCode } from '../../errors/table.ts'
import { type MemberSources, memberSources } from '../../node/member-sources.ts'
import { type RunningEtcd, runningEtcds, runsOn } from '../../node/running-etcds.ts'
import type { Search, Unlooked } from '../../node/search.ts'
import { type DataDir, findVolumes, listDataDirs, readStateToken } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Seen } from '../../seen/index.ts'
import type { Unsearched } from '../copy.ts'

/** A data directory on a node, and what a few pages of it tell. */
export interface Look {
  host: RemoteHost
  dir: DataDir
  /** Whether an etcd really runs on it, which, and whether that could be told. */
  running: Seen<RunningEtcd>
  /** The node's own `state` names it: a claim. */
  named: boolean
  /** Absent when it could not be read; `findings` say why. */
  peek?: MemberPeek
  /** Which etcd cluster it is of, where an earlier look has told and this one was not to read it. */
  guess?: MemberPeek['guess']
  sources?: MemberSources
  findings: string[]
}

export interface LookOptions {
  signal?: AbortSignal | undefined
  /** Whose each directory is, and no more: of one that was read before no page is read again. */
  onlyCluster?: true
}

/**
 * Whose the directories on a node are, by path and inodes, as an earlier look found out. A directory never becomes another
 * etcd cluster's; what was not clear is looked at again.
 */
const known = new WeakMap<RemoteHost, Map<string, MemberPeek['guess']>>()

const knownOn = (host: RemoteHost) => {
  const ofHost = known.get(host) ?? new Map<string, MemberPeek['guess']>()
  known.set(host, ofHost)
  return ofHost
}

const nameOf = ({ path, inodes }: DataDir) => [path, ...inodes].join(' ')

/**
 * Every copy on one node: all volumes, `data/` and `data-trashcan/`, told apart by what is inside (FACTS 2); and what of
 * these could not be looked into.
 */
export async function lookOn(host: RemoteHost, globs: string[], options: LookOptions = {}): Promise<Search<Look>> {
  const [bases, running] = await Promise.all([findVolumes(host, globs), runningEtcds(host)])
  const looks = await Promise.all(
    bases.found.map((base) => ofItself({ path: base }, () => lookAt(host, base, running, options))),
  )
  const found = looks.flatMap((look) => look.found)
  return { found, unsearched: [...[bases, ...looks].flatMap(({ unsearched }) => unsearched), ...untold(found)] }
}

/** What runs is not known: what was found may be what the node runs now, or be free to be put back. */
function untold(looks: readonly Look[]): Unlooked[] {
  const whys = looks.flatMap(({ running }) => (running.is === 'unseen' ? [running.why] : []))
  return [...new Set(whys)].map((why) => ({ path: '/proc', why: `what runs there could not be told: ${why}` }))
}

/** What goes wrong with one place on a node that answers says nothing of the others. */
const OF_ONE_PLACE: ReadonlySet<ErrorCode> = new Set(['HOST_COMMAND', 'HOST_OUTPUT'])

async function ofItself<T>(place: { path: string }, work: () => Promise<Search<T>>): Promise<Search<T>> {
  try {
    return await work()
  } catch (error) {
    const { code, message } = toRescueError(error)
    if (!OF_ONE_PLACE.has(code)) throw error
    return { found: [], unsearched: [{ ...place, why: message }] }
  }
}

async function lookAt(
  host: RemoteHost,
  base: string,
  running: Seen<RunningEtcd[]>,
  options: LookOptions,
): Promise<Search<Look>> {
  const { found: dirs, unsearched } = await listDataDirs(host, base)
  const state = await ofItself({ path: `${base}/state` }, async () => {
    const token = await readStateToken(host, base)
    return { found: token === undefined ? [] : [token], unsearched: [] }
  })
  const isNamed = (dir: DataDir) => dir.place === 'data' && state.found.includes(dir.token)
  const looks = dirs.map((dir) =>
    lookInto(host, dir, { running: runsOn(running, dir), named: isNamed(dir), findings: [] }, options),
  )
  const all = await Promise.all(looks)
  const unread = all.flatMap((one) => one.unsearched)
  return { found: all.flatMap(({ found }) => found), unsearched: [...unsearched, ...state.unsearched, ...unread] }
}

type Known = Pick<Look, 'running' | 'named' | 'findings'>

/**
 * A database that makes no sense is a finding of that copy, not the end of the search for others. One that the node did not
 * give was not looked into, and may hold anything.
 */
async function lookInto(
  host: RemoteHost,
  dir: DataDir,
  about: Known,
  { signal, onlyCluster }: LookOptions,
): Promise<Search<Look>> {
  const look = { host, dir, ...about }
  const only = (found: Look, unsearched: Unlooked[] = []): Search<Look> => ({ found: [found], unsearched })
  const guess = knownOn(host).get(nameOf(dir))
  if (onlyCluster && guess !== undefined) return only({ ...look, guess })
  const sources = memberSources(host, dir, signal)
  if (!sources) return only({ ...look, findings: [...about.findings, 'unusable: no member/snap/db'] })
  try {
    const peek = await peekMember(sources.db, sources.wal, sources.snap)
    if (peek.guess !== 'unknown') knownOn(host).set(nameOf(dir), peek.guess)
    const noLog = sources.wal.length === 0 ? ['no WAL: what was acknowledged last may be missing'] : []
    return only({ ...look, peek, sources, findings: [...about.findings, ...peek.findings, ...noLog] })
  } catch (error) {
    const { code, message } = toRescueError(error)
    if (code.startsWith('HOST_') && !OF_ONE_PLACE.has(code)) throw error
    const isUnread = OF_ONE_PLACE.has(code) || (code === 'COPY_CHANGED' && about.running.is !== 'seen')
    const unread = isUnread ? [{ path: dir.path, why: message }] : []
    return only({ ...look, sources, findings: [...about.findings, `unusable: ${message}`] }, unread)
  }
}

/**
 * A dead node must not hold up the others. One that is up and does not let us in may hold the only copy with the last
 * writes, and letting us in is the operator's to do; a changed host key must never be passed over.
 */
const TO_BE_MENDED: ReadonlySet<ErrorCode> = new Set([
  'HOST_KEY_CHANGED',
  'HOST_KEY_UNKNOWN',
  'HOST_AUTH',
  'HOST_SUDO',
  'ANSWER_MISSING',
  'STOPPED',
  'BUG',
])

/** What all nodes gave, and what was not seen of them. */
export interface SearchOfAll<T> {
  found: T[]
  unsearched: Unsearched[]
}

/**
 * What the nodes answer, all asked together. One that is dead is noted and not searched, as are the places that a node
 * could not look into; when all are dead, the first error is thrown.
 */
export async function askAll<T>(
  hosts: readonly RemoteHost[],
  ask: (host: RemoteHost) => Promise<Search<T>>,
  { note, asked }: { note(line: string): void; asked(): void },
): Promise<SearchOfAll<T>> {
  const answers = await Promise.all(
    hosts.map(async (host) => {
      try {
        return await ask(host)
      } catch (error) {
        const failed = toRescueError(error)
        if (TO_BE_MENDED.has(failed.code)) throw failed
        return failed
      } finally {
        asked()
      }
    }),
  )
  const failed = answers.find((answer) => answer instanceof RescueError)
  if (failed && answers.every((answer) => answer instanceof RescueError)) throw failed
  const unsearched = answers.flatMap((answer, at): Unsearched[] => {
    const node = hosts[at]?.name ?? ''
    if (answer instanceof RescueError) return [{ node, why: answer.message }]
    return answer.unsearched.map((place) => ({ node, ...place }))
  })
  for (const one of unsearched) note(unsearchedLine(one))
  return { found: answers.flatMap((answer) => (answer instanceof RescueError ? [] : answer.found)), unsearched }
}

/** One line: the node, the place on it, and why. */
export const unsearchedLine = ({ node, path, why }: Unsearched): string =>
  `${path === undefined ? node : `${node}: ${path}`} could not be searched: ${why}`
