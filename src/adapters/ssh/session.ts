import { createSemaphore } from './semaphore.ts'

/** Something shared that is closed when its last holder lets go. */
export interface Lease<T> {
  value: T
  release(): void
}

/**
 * What the hosts of one command have in common. Passphrases and passwords live here, in memory, for as long as the
 * process does, so that an operator with three nodes types them once.
 */
export interface SshSession {
  /** Asks one question at a time; two prompts on one terminal spoil each other. */
  ask<T>(question: () => Promise<T>): Promise<T>
  /** An answer by name: asked for once, then remembered until `forget`. A failed question is not remembered. */
  secret(name: string, question: () => Promise<string>): Promise<string>
  /** That answer was wrong. One that was given since then is kept: hosts that share it find out at the same time. */
  forget(name: string, wrong: string): Promise<void>
  /** Runs a login when there is room: sshd falls to a few logins a second when hundreds come at once. */
  login<T>(work: () => Promise<T>): Promise<T>
  /** A shared thing by name, opened by the first that asks, closed when the last lets go. */
  share<T>(name: string, open: () => Promise<{ value: T; close(): void }>): Promise<Lease<T>>
  /** The shared thing of this name broke: the next that asks opens another. */
  drop(name: string): void
  /** The answer of something slow that does not change while the process runs. */
  once<T>(name: string, find: () => Promise<T>): Promise<T>
  /** Nodes that could not be reached when they were last tried. */
  readonly away: Set<string>
}

/** Logins at once over all hosts; above 128 they get slower together. */
const LOGINS_AT_ONCE = 64

export function createSshSession(): SshSession {
  const logins = createSemaphore(LOGINS_AT_ONCE)
  const questions = createSemaphore(1)
  const answers = new Map<string, Promise<string>>()
  const found = new Map<string, Promise<unknown>>()
  const shared = new Map<string, Shared>()

  const within = async <T>(gate: typeof logins, work: () => Promise<T>): Promise<T> => {
    const leave = await gate.enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }

  const session: SshSession = {
    ask: (question) => within(questions, question),
    secret: (name, question) => remember(answers, name, () => session.ask(question)),
    forget: async (name, wrong) => {
      const known = answers.get(name)
      const answer = await known?.catch(() => undefined)
      if (answer === wrong && answers.get(name) === known) answers.delete(name)
    },
    login: (work) => within(logins, work),
    share: (name, open) => lease(shared, name, open),
    drop: (name) => void shared.delete(name),
    once: <T>(name: string, find: () => Promise<T>) => remember(found, name, find) as Promise<T>,
    away: new Set(),
  }
  return session
}

function remember<T>(map: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  const known = map.get(name)
  if (known) return known
  const made = make()
  map.set(name, made)
  made.catch(() => {
    if (map.get(name) === made) map.delete(name)
  })
  return made
}

interface Shared {
  holders: number
  opened: Promise<{ value: unknown; close(): void }>
}

async function lease<T>(
  shared: Map<string, Shared>,
  name: string,
  open: () => Promise<{ value: T; close(): void }>,
): Promise<Lease<T>> {
  const entry = shared.get(name) ?? { holders: 0, opened: open() }
  shared.set(name, entry)
  entry.holders += 1
  let held = true
  const release = () => {
    if (!held) return
    held = false
    entry.holders -= 1
    if (entry.holders > 0) return
    if (shared.get(name) === entry) shared.delete(name)
    entry.opened.then(
      ({ close }) => close(),
      () => {},
    )
  }
  try {
    const { value } = await entry.opened
    return { value: value as T, release }
  } catch (error) {
    release()
    throw error
  }
}
