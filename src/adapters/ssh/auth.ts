import type { AnyAuthMethod, AuthenticationType, AuthHandlerMiddleware, Prompt } from 'ssh2'
import type { Prompter } from '../../ports/prompter.ts'
import { shellWord } from '../../shell/quote.ts'
import type { Endpoint } from './endpoint.ts'
import { type Identity, loadIdentity, unlock } from './keys.ts'
import type { SshSession } from './session.ts'

export interface AuthParts {
  endpoint: Endpoint
  prompter: Prompter
  session: SshSession
  /** Called around a question, so that its time does not count as the node's silence. */
  pause: () => void
  resume: () => void
}

export interface Auth {
  handler: AuthHandlerMiddleware
  /** What was tried, for the message when all was refused. */
  tried: string[]
  /** What went wrong while asking, to be thrown in place of a plain refusal. */
  failure: () => unknown
}

type Methods = AsyncGenerator<AnyAuthMethod, void, readonly AuthenticationType[] | null>

/**
 * Login methods in the order that asks least: a named key, the agent, other keys, keys with a passphrase, then questions
 * of the server, then a password. A method that the server does not offer is left out.
 */
export function createAuth(parts: AuthParts): Auth {
  const tried: string[] = []
  const methods = methodsOf(parts, tried)
  let failure: unknown
  const handler: AuthHandlerMiddleware = (left, _partial, next) => {
    methods.next(left).then(
      ({ value, done }) => next(done === true || !value ? (false as never) : value),
      (error: unknown) => {
        failure = error
        next(false as never)
      },
    )
  }
  return { handler, tried, failure: () => failure }
}

async function* methodsOf(parts: AuthParts, tried: string[]): Methods {
  const { endpoint, prompter, session } = parts
  const { user: username, agent } = endpoint
  // RFC 4252 5.2: the answer to `none` is the list of methods that can go on
  let left = yield { type: 'none', username }
  const offers = (type: AuthenticationType) => left === null || left === undefined || left.includes(type)
  const identities = await Promise.all(endpoint.identities.map(loadIdentity))
  const open = identities.filter((one) => one.kind === 'open')

  const byKeys = async function* (keys: typeof open): Methods {
    for (const { key, file } of keys) {
      if (!offers('publickey')) return
      tried.push(`key ${file}`)
      left = yield { type: 'publickey', username, key: key as never }
    }
  }
  if (endpoint.identityNamed) yield* byKeys(open)
  if (agent !== undefined && offers('publickey')) {
    tried.push('the agent')
    left = yield { type: 'agent', username, agent }
  }
  if (!endpoint.identityNamed) yield* byKeys(open)
  yield* byLockedKeys(identities, parts, tried, () => offers('publickey'))
  // the answers differ from time to time (one-time codes), so they are never remembered
  if (offers('keyboard-interactive') && prompter.interactive) {
    tried.push('keyboard-interactive')
    left = yield { type: 'keyboard-interactive', username, prompt: answerWith(parts) }
  }
  if (offers('password') && prompter.interactive) {
    tried.push('password')
    const name = `password ${username}@${endpoint.host}:${endpoint.port}`
    const password = await paused(parts, () =>
      session.secret(name, () =>
        prompter.password(`Password of ${username}@${endpoint.host}:`, { flag: 'ssh.identityFile' }),
      ),
    )
    left = yield { type: 'password', username, password }
    // asked for again means it was wrong
    await session.forget(name, password)
  }
}

async function* byLockedKeys(
  identities: readonly Identity[],
  parts: AuthParts,
  tried: string[],
  offered: () => boolean,
): Methods {
  for (const identity of identities) {
    if (identity.kind === 'unusable') tried.push(`key ${identity.file} (unusable: ${identity.why})`)
    if (identity.kind !== 'locked' || !offered()) continue
    const key = await paused(parts, () => unlock(identity, parts.prompter, parts.session))
    if (!key) {
      tried.push(`key ${identity.file} (its passphrase is missing; load it with: ssh-add ${shellWord(identity.file)})`)
      continue
    }
    tried.push(`key ${identity.file}`)
    yield { type: 'publickey', username: parts.endpoint.user, key: key as never }
  }
}

function answerWith(parts: AuthParts) {
  return (_name: string, instructions: string, _lang: string, prompts: Prompt[], finish: (a: string[]) => void) => {
    const ask = async () => {
      const answers: string[] = []
      for (const { prompt } of prompts) {
        const question = `${parts.endpoint.user}@${parts.endpoint.host}: ${[instructions, prompt].filter(Boolean).join(' ')}`
        answers.push(await parts.session.ask(() => parts.prompter.password(question, { flag: 'ssh.identityFile' })))
      }
      return answers
    }
    paused(parts, ask).then(finish, () => finish([]))
  }
}

async function paused<T>(parts: AuthParts, work: () => Promise<T>): Promise<T> {
  parts.pause()
  try {
    return await work()
  } finally {
    parts.resume()
  }
}
