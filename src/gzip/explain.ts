import { RescueError } from '../errors/rescue-error.ts'

export function explain(cause: Error): RescueError {
  return new RescueError('STEP_FAILED', `gzip failed: ${cause.message}`, { hint: 'start the command again', cause })
}
