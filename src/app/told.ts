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

/** The parser appends advice of its own, of which our hint says what is right, and breaks lines in odd places. */
function parserWords(message: string): string {
  return message
    .replace(/\n?See more help with --help$/, '')
    .replace(/\n\nNote: [\s\S]*$/, '')
    .replace(/:?\s*\n\s+/g, ': ')
    .trim()
}

/**
 * Anything thrown as what the operator is told: a `RescueError` as it is, a wrong flag (oclif's parser) as `USAGE`, and
 * all else as a bug whose stack is in a file, never on the screen.
 */
export async function told(error: unknown, command: string, argv: readonly string[]): Promise<RescueError> {
  if (error instanceof Error && (error as OclifError).oclif?.exit !== undefined && !(error instanceof RescueError)) {
    const message = parserWords(error.message)
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
