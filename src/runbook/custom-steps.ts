import { z } from 'zod'
import type { AnyStep, StepContext } from '../engine/step.ts'
import { RescueError } from '../errors/rescue-error.ts'
import type { LocalCommands } from '../ports/local-command.ts'
import type { CommandResult, RemoteHost } from '../ports/remote-host.ts'
import type { World } from '../ports/world.ts'
import type { Entry } from './entries.ts'
import { resolve } from './expressions.ts'
import type { Inputs } from './types.ts'

type Of<K extends Entry['kind']> = Extract<Entry, { kind: K }>['value']
type Context = StepContext<unknown, unknown>
type Argv = [string, ...string[]]

const nothing = { needs: [], gives: [], inputs: z.unknown() }
/** A plan is for reading: a long command is cut there, never where it runs. */
const shown = (argv: readonly string[]) =>
  argv
    .map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ')
    .slice(0, 300)
const deadline = (seconds: number | undefined) => (seconds === undefined ? {} : { timeoutMs: seconds * 1000 })

/** `run:`, `ssh:` and `manual:` as steps like any other; inputs are put into their commands. */
export function customStep(entry: Exclude<Entry, { kind: 'uses' }>, inputs: Inputs): AnyStep {
  if (entry.kind === 'run') return runStep(resolve(entry.value, inputs) as Of<'run'>)
  if (entry.kind === 'ssh') return sshStep(resolve(entry.value, inputs) as Of<'ssh'>)
  return manualStep(resolve(entry.value, inputs) as Of<'manual'>)
}

function runStep({ id, title, run, reads, timeout }: Of<'run'>): AnyStep {
  const argv = run.map(String) as Argv
  const line = `on this machine: ${shown(argv)}`
  return {
    ...nothing,
    id,
    title: title ?? shown(argv),
    effect: reads ? 'read' : 'change',
    describe: () => (reads ? { reads: [line], changes: [] } : { reads: [], changes: [line] }),
    act: async ({ world, signal, note }: Context) => {
      const result = await localOf(world).run({ effect: reads ? 'read' : 'change', argv, signal, ...deadline(timeout) })
      report(note, '', result)
      if (result.code !== 0) throw commandFailed(shown(argv), 'this machine', result)
      return {}
    },
  }
}

function sshStep({ id, title, ssh }: Of<'ssh'>): AnyStep {
  const argv = ssh.command.map(String) as Argv
  const on = Array.isArray(ssh.on) ? ssh.on.join(', ') : ssh.on
  const line = `on ${on}: ${shown(argv)}`
  return {
    ...nothing,
    id,
    title: title ?? line,
    effect: ssh.reads ? 'read' : 'change',
    describe: () => (ssh.reads ? { reads: [line], changes: [] } : { reads: [], changes: [line] }),
    check: async ({ world }: Context) => void hostsOf(world, ssh.on),
    act: async ({ world, signal, note, once }: Context) => {
      for (const host of hostsOf(world, ssh.on)) {
        // Remembered per node, so that a resumed run goes on with the node after the last that was done.
        await once(`done:${host.name}`, async () => {
          const effect = ssh.reads ? 'read' : 'change'
          const sudo = ssh.sudo === undefined ? {} : { sudo: ssh.sudo }
          report(note, `${host.name}: `, await host.run({ effect, argv, signal, ...sudo, ...deadline(ssh.timeout) }))
          return true
        })
      }
      return {}
    },
  }
}

/** Asks in `act`, not in a confirmation: what the operator did by hand is the step. `--yes` answers it as well. */
function manualStep({ id, title, manual }: Of<'manual'>): AnyStep {
  return {
    ...nothing,
    id,
    title: title ?? manual.split('\n')[0]?.slice(0, 200) ?? id,
    effect: 'read',
    describe: () => ({ reads: [], changes: [`by hand: ${manual.trim()}`] }),
    act: async ({ world, note }: Context) => {
      const byHand = manual.trim()
      note(byHand)
      if (await world.prompter.confirm('Is this done?', { flag: '--yes', default: false, byHand })) return {}
      throw new RescueError('STOPPED', `${id} was not confirmed`, { hint: 'do it, then resume the run' })
    },
  }
}

function hostsOf(world: World, on: Of<'ssh'>['ssh']['on']): readonly RemoteHost[] {
  const all = [...world.controlPlane, ...world.workers]
  if (on === 'all') return all
  if (on === 'control-plane') return world.controlPlane
  if (on === 'workers') return world.workers
  return on.map((name) => {
    const host = all.find((one) => one.name === name)
    if (host) return host
    throw new RescueError('PRECONDITION', `no node is named ${JSON.stringify(name)}`, {
      hint: `correct on: in the runbook; nodes are ${all.map((one) => one.name).join(', ')}`,
    })
  })
}

function localOf(world: World): LocalCommands {
  if (world.local) return world.local
  throw new RescueError('PRECONDITION', 'commands of a runbook cannot run on this machine here', {
    hint: 'run the runbook with: etcd-rescue run',
  })
}

const MOST_LINES = 20

function report(note: (line: string) => void, prefix: string, { stdout }: CommandResult): void {
  const lines = stdout.split('\n').filter((line) => line.trim() !== '')
  for (const line of lines.slice(0, MOST_LINES)) note(`${prefix}${line}`)
  if (lines.length > MOST_LINES) note(`${prefix}… ${lines.length - MOST_LINES} more lines`)
}

function commandFailed(line: string, where: string, { code, stderr }: CommandResult): RescueError {
  const said = stderr.trim().split('\n').at(-1)?.slice(0, 300)
  return new RescueError('STEP_FAILED', `${line} on ${where} ended with exit code ${code}${said ? `: ${said}` : ''}`, {
    hint: 'correct what it complains about, then resume the run',
  })
}
