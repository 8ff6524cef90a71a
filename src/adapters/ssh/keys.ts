import { readFile } from 'node:fs/promises'
import type { ParsedKey } from 'ssh2'
import type { Prompter } from '../../ports/prompter.ts'
import { shellWord } from '../../shell/quote.ts'
import type { SshSession } from './session.ts'

/** A private key file as far as it can be read without a passphrase. */
export type Identity =
  | { kind: 'open'; file: string; key: ParsedKey }
  | { kind: 'locked'; file: string; text: Buffer }
  /** A key that `ssh2` does not know (a hardware key, say), or no key at all. */
  | { kind: 'unusable'; file: string; why: string }

const PASSPHRASE_TRIES = 3

export async function loadIdentity(file: string): Promise<Identity> {
  const { default: ssh2 } = await import('ssh2')
  try {
    const text = await readFile(file)
    const key = oneKey(ssh2.utils.parseKey(text))
    if (!(key instanceof Error)) return { kind: 'open', file, key }
    if (/encrypted/i.test(key.message)) return { kind: 'locked', file, text }
    return { kind: 'unusable', file, why: key.message }
  } catch (error) {
    return { kind: 'unusable', file, why: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Unlocks a key, asking up to three times, once for all hosts: deriving the key from a passphrase takes half a second of
 * the processor. Undefined when there is nobody to ask or the answers were wrong.
 */
export async function unlock(
  identity: Extract<Identity, { kind: 'locked' }>,
  prompter: Prompter,
  session: SshSession,
): Promise<ParsedKey | undefined> {
  if (!prompter.interactive) return undefined
  return session.once(`key ${identity.file}`, () => session.ask(() => askAndUnlock(identity, prompter)))
}

async function askAndUnlock(
  identity: Extract<Identity, { kind: 'locked' }>,
  prompter: Prompter,
): Promise<ParsedKey | undefined> {
  const { default: ssh2 } = await import('ssh2')
  for (let tries = 0; tries < PASSPHRASE_TRIES; tries += 1) {
    const question = `${tries === 0 ? '' : 'That was not it. '}Passphrase of ${identity.file}:`
    const passphrase = await prompter.password(question, { flag: `ssh-add ${shellWord(identity.file)}` })
    const key = oneKey(ssh2.utils.parseKey(identity.text, passphrase))
    if (!(key instanceof Error)) return key
  }
  return undefined
}

/** ssh2 answers with an array for some formats, against its types. */
function oneKey(parsed: ParsedKey | Error | (ParsedKey | Error)[]): ParsedKey | Error {
  const key = Array.isArray(parsed) ? parsed[0] : parsed
  return key ?? new Error('no key in the file')
}
