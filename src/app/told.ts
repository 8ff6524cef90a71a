import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import { writeCrashLog } from './crash-log.ts'

interface OclifError extends Error {
  code?: string
  oclif?: { exit?: number }
}

/** `this.exit()` and `--help` end a command by throwing; those are not errors. */
export function isExit(error: unknown): boolean {
  return error instanceof Error && (error as OclifError).code === 'EEXIT'
}

/**
 * Anything thrown as what the operator is told: a `RescueError` as it is, a wrong flag (oclif's parser) as `USAGE`, and
 * all else as a bug whose stack is in a file, never on the screen.
 */
export async function told(error: unknown, command: string, argv: readonly string[]): Promise<RescueError> {
  if (error instanceof Error && (error as OclifError).oclif?.exit !== undefined && !(error instanceof RescueError)) {
    // the parser appends its own "See more help with --help"; our hint says it once
    const message = error.message.replace(/\n?See more help with --help$/, '').trim()
    return new RescueError('USAGE', message, { hint: `see: etcd-rescue ${command} --help`, cause: error })
  }
  const known = toRescueError(error)
  if (known.code !== 'BUG') return known
  const log = await writeCrashLog(error, [command, ...argv])
  return new RescueError('BUG', `a bug in etcd-rescue: ${known.message}`, {
    hint: `please report it with this file, which holds the stack: ${log}`,
    cause: error,
  })
}
