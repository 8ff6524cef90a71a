import { sshdMissing, sudoMissing } from './sshd.ts'

/** True, with the reason printed, when these tests can't run on this machine. */
export function skipSsh(): boolean {
  return skip(sshdMissing, 'tests against a real sshd')
}

export function skipSudo(): boolean {
  return skip(sudoMissing, 'tests of sudo as another user')
}

function skip(why: string | undefined, what: string): boolean {
  if (why !== undefined) process.stdout.write(`skipped: ${what}: ${why}\n`)
  return why !== undefined
}
