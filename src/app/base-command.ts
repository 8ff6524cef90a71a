import { Command } from '@oclif/core'
import { type RescueError, toRescueError } from '../errors/rescue-error.ts'
import { shellWord } from '../shell/quote.ts'
import { errorText, failureText } from '../ui/error-text.ts'
import { clean } from '../ui/text.ts'
import { typedHere } from '../ui/typed-here.ts'
import { wrapLine } from '../words/wrap.ts'
import { baseFlags } from './flags.ts'
import type { Session } from './session.ts'
import { isExit, told } from './told.ts'

interface GivenFlags {
  config?: string | undefined
  name?: string | undefined
  state?: string | undefined
  verbose?: boolean
  'work-dir'?: string | undefined
  'dry-run'?: boolean
  yes?: boolean
  confirm?: string | undefined
  'break-lock'?: boolean
  'etcd-bin-dir'?: string | undefined
  'without-lock'?: boolean
}

/** What finds the cluster, as it was typed: the commands that are told next need it as well. */
const givenIn = ({ config, name, state, 'work-dir': workDir }: GivenFlags) =>
  Object.entries({ config, name, state, 'work-dir': workDir })
    .flatMap(([flag, value]) => (value === undefined ? [] : [` --${flag} ${shellWord(value)}`]))
    .join('')

const isRun = (value: unknown): boolean => typeof value === 'object' && value !== null && 'steps' in value

/**
 * Every command parses, calls `src/app.ts` once and returns the value that it prints. Here is what they share: flags,
 * the session, and one way for every error to be told, with its exit code and never with a stack trace.
 */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true
  #given = ''
  static override baseFlags = baseFlags

  /** Screens are loaded only when a command really runs, so that `--help` stays quick. */
  protected async session(flags: GivenFlags): Promise<Session> {
    const [{ openScreen }, { createSshSession }] = await Promise.all([
      import('../ui/open-screen.ts'),
      import('../adapters/ssh/session.ts'),
    ])
    const { env } = process
    this.#given = givenIn(flags)
    return {
      sources: { config: flags.config, name: flags.name, state: flags.state, env, cwd: process.cwd() },
      screen: openScreen({ output: process.stderr, env, verbose: flags.verbose ?? false, given: this.#given }),
      json: this.jsonEnabled(),
      dryRun: flags['dry-run'] ?? false,
      yes: flags.yes ?? false,
      breakLock: flags['break-lock'] ?? false,
      withoutLock: flags['without-lock'] ?? false,
      interactive: true,
      ssh: createSshSession(),
      version: this.config.version,
      ...(flags['work-dir'] === undefined ? {} : { workDir: flags['work-dir'] }),
      ...(flags['etcd-bin-dir'] === undefined ? {} : { etcdBinDir: flags['etcd-bin-dir'] }),
      ...(flags.confirm === undefined ? {} : { confirm: flags.confirm }),
    }
  }

  /**
   * Prints lines to stdout (not with `--json`) and gives the value back. A run that ended badly is a value like any
   * other; its exit code says how it ended.
   */
  protected show<T>(value: T, lines: readonly string[], exitCode = 0): T {
    // first, because a closed pipe ends the process while it writes
    if (exitCode !== 0) process.exitCode = exitCode
    // names from nodes and buckets are in results too
    for (const line of lines) for (const row of wrapLine(typedHere(clean(line), this.#given), this.width)) this.log(row)
    // of a run the screen has told people, with what to do next; a program that reads a log finds it by its code
    if (exitCode !== 0 && (this.jsonEnabled() || !isRun(value))) process.stderr.write(failureText(value, this.#given))
    return value
  }

  /** Columns of the terminal that stdout is; undefined for a file or a pipe. */
  protected get width(): number | undefined {
    return process.stdout.isTTY ? process.stdout.columns : undefined
  }

  /** The same for a command whose stdout is taken: the lines go to stderr. */
  protected tell<T>(value: T, lines: readonly string[]): T {
    if (!this.jsonEnabled()) for (const line of lines) process.stderr.write(`${clean(line)}\n`)
    return value
  }

  protected override async catch(error: Error): Promise<void> {
    if (isExit(error)) throw error
    const known: RescueError = await told(error, this.id?.replaceAll(':', ' ') ?? '', this.argv)
    process.exitCode = known.exitCode
    if (this.jsonEnabled()) this.logJson(this.toErrorJson(known))
    process.stderr.write(errorText(known, process.stderr, process.env, this.#given))
  }

  protected override toErrorJson(error: unknown): unknown {
    const { code, message, hint } = toRescueError(error)
    return { error: { code, message, hint } }
  }

  /** Never coloured: what reads it is a program. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`)
  }
}
