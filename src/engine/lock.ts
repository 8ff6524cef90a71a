import { RescueError } from '../errors/rescue-error.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { breakHint, type LockDocument, parseLock, showLock } from './lock-document.ts'

/** Beside `control/` and the backups: a name that is no time is never cleaned up by etcd-manager (FACTS 3). */
export const LOCK_KEY = 'etcd-rescue/lock.json'
export const LOCK_TTL_MS = 5 * 60_000

export interface Owner {
  user: string
  host: string
}

export interface LockOptions {
  owner: Owner
  runId: string
  clock: Clock
  /** Default 5 min. A process that died leaves the cluster locked for at most this long. */
  ttlMs?: number
  /** Calls back every `ms`; returns what ends it. Default: a real timer that keeps no process alive. */
  every?: (ms: number, renew: () => void) => () => void
  /** Ends the wait for a lock that seems to have expired. */
  signal?: AbortSignal
  /** Told why it is waited for. */
  note?: (line: string) => void
}

export interface HeldLock {
  /** Set once the lock is no longer ours; the run ends at its next safe point. */
  readonly lost: RescueError | undefined
  /** Called by itself every third of the time to live. */
  renew(): Promise<void>
  /** Removes the lock if it is still ours. Never throws: the run is over, and the lock expires. */
  release(): Promise<void>
}

interface Found {
  document: LockDocument
  version: string
}

/** Who holds the lock of an etcd cluster; undefined for nobody. Only reads. */
export async function readLock(store: ObjectStore): Promise<LockDocument | undefined> {
  return (await find(store))?.document
}

/**
 * Takes the lock. `LOCKED` names who holds it. One that has expired is taken over, and so is our own when the same
 * operator resumes the same run. Every change is conditional, so of two together only one wins; a store that cannot do
 * that is `STORE_UNCONDITIONAL`, before anything of the lock is written.
 */
export async function acquireLock(store: ObjectStore, options: LockOptions): Promise<HeldLock> {
  if ((await store.hasConditions?.()) === false) throw unconditional(store)
  for (let tries = 0; tries < 3; tries += 1) {
    const found = await find(store)
    if (found && !isOurs(found.document, options) && !(await hasExpired(store, found, options)))
      throw locked(found.document)
    const now = await timeOf(store, options)
    const since = found && isOurs(found.document, options) ? found.document.since : now.toISOString()
    const version = await tryWrite(store, documentOf(options, since, now), found?.version)
    if (version !== undefined) return held(store, options, since, version)
  }
  const winner = (await find(store))?.document
  throw winner
    ? locked(winner)
    : new RescueError('LOCKED', 'the lock changes hands all the time', { hint: 'wait a minute, then try again' })
}

/** Removes the lock whoever holds it; resolves to who did. The operator asked for it by name: `--break-lock`. */
export async function breakLock(store: ObjectStore): Promise<LockDocument | undefined> {
  const found = await find(store)
  if (found) await store.remove(LOCK_KEY)
  return found?.document
}

async function find(store: ObjectStore): Promise<Found | undefined> {
  try {
    const { body, version } = await store.read(LOCK_KEY, { maxBytes: 16 * 1024 })
    return { document: parseLock(body), version }
  } catch (error) {
    if (error instanceof RescueError && error.code === 'OBJECT_MISSING') return undefined
    throw error
  }
}

/**
 * Times in the lock are those of the store's clock, one for all: a laptop whose clock is minutes fast must not find every
 * lock expired. Where the store does not tell its time, nobody's clock is believed: then the lock counts as expired when it
 * was not renewed for as long as it lives, measured here.
 */
async function hasExpired(
  store: ObjectStore,
  found: Found,
  { clock, ttlMs = LOCK_TTL_MS, signal, note }: LockOptions,
): Promise<boolean> {
  const now = await store.now?.()
  const seems = Date.parse(found.document.expires) <= (now ?? clock.now()).getTime()
  if (!seems || now !== undefined) return seems
  const { user, host } = found.document
  note?.(
    `the store does not tell its time: for ${Math.round(ttlMs / 1000)} s it is watched whether ${user}@${host} still renews the lock`,
  )
  await clock.sleep(ttlMs, signal)
  return (await find(store))?.version === found.version
}

const timeOf = async (store: ObjectStore, { clock }: LockOptions): Promise<Date> => (await store.now?.()) ?? clock.now()

/** Whether a lock keeps others out now, as far as reading tells. */
export async function isHeld(store: ObjectStore, document: LockDocument, clock: Clock): Promise<boolean> {
  return Date.parse(document.expires) > ((await store.now?.()) ?? clock.now()).getTime()
}

function isOurs({ run, user, host }: LockDocument, { runId, owner }: LockOptions): boolean {
  return run === runId && user === owner.user && host === owner.host
}

function documentOf({ owner, runId, ttlMs = LOCK_TTL_MS }: LockOptions, since: string, now: Date): LockDocument {
  return { run: runId, ...owner, since, expires: new Date(now.getTime() + ttlMs).toISOString() }
}

/** The new version, or undefined when another one was faster. */
async function tryWrite(
  store: ObjectStore,
  document: LockDocument,
  over: string | undefined,
): Promise<string | undefined> {
  const body = Buffer.from(`${JSON.stringify(document, null, 2)}\n`)
  try {
    return (await store.write(LOCK_KEY, body, over === undefined ? { ifAbsent: true } : { ifVersion: over })).version
  } catch (error) {
    if (error instanceof RescueError && (error.code === 'STORE_CONFLICT' || error.code === 'OBJECT_MISSING'))
      return undefined
    throw error
  }
}

function unconditional(store: ObjectStore): RescueError {
  return new RescueError(
    'STORE_UNCONDITIONAL',
    `the store ${store.url} has no conditional writes (If-Match, If-None-Match): a lock on it would keep nobody out`,
    {
      hint: "make sure that nobody else works on this cluster, then go on without the lock: --without-lock, and type the cluster's name (--confirm CLUSTER)",
    },
  )
}

function locked(document: LockDocument): RescueError {
  return new RescueError('LOCKED', `this etcd cluster is locked: ${showLock(document)}`, { hint: breakHint })
}

const realTimer = (ms: number, renew: () => void) => {
  const timer = setInterval(renew, ms)
  timer.unref()
  return () => clearInterval(timer)
}

function held(store: ObjectStore, options: LockOptions, since: string, first: string): HeldLock {
  const { clock, runId, ttlMs = LOCK_TTL_MS, every = realTimer } = options
  let version = first
  let expires = clock.now().getTime() + ttlMs
  let lost: RescueError | undefined
  let last: Promise<void> = Promise.resolve()
  const renewOnce = async () => {
    if (lost) return
    try {
      const next = await tryWrite(store, documentOf(options, since, await timeOf(store, options)), version)
      if (next === undefined) lost = lockLost(await readLock(store), runId)
      else {
        version = next
        expires = clock.now().getTime() + ttlMs
      }
    } catch (error) {
      // A store that fails for a moment is tried again at the next third; after the expiry others may have taken it.
      if (clock.now().getTime() >= expires) lost = lockLost(undefined, runId, error)
    }
  }
  const renew = () => {
    last = last.then(renewOnce).catch(() => {})
    return last
  }
  const stop = every(Math.max(1, Math.floor(ttlMs / 3)), () => void renew())
  const release = async () => {
    stop()
    await last
    if (!lost) await store.remove(LOCK_KEY, { ifVersion: version }).catch(() => {})
  }
  return {
    get lost() {
      return lost
    },
    renew,
    release,
  }
}

function lockLost(now: LockDocument | undefined, run: string, cause?: unknown): RescueError {
  const who = now ? `now it is ${showLock(now)}` : 'it is gone'
  return new RescueError('LOCK_LOST', `the lock of this etcd cluster was lost: ${who}`, {
    hint: `agree with the other operator who goes on; then type: etcd-rescue runs resume ${run}`,
    cause,
  })
}
