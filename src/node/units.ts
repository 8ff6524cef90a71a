import { setTimeout as sleep } from 'node:timers/promises'
import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { shellWord } from '../shell/quote.ts'

export interface UnitState {
  /** `loaded`, `not-found`, … */
  load: string
  /** `active`, `activating`, `inactive`, `failed`, … */
  active: string
  sub: string
  /** Its first process; 0 when there is none, or none is told. */
  pid: number
}

/** What systemd says of a unit. A unit that does not exist is `load: 'not-found'`. */
export async function unitState(host: RemoteHost, unit: string): Promise<UnitState> {
  const { stdout } = await host.run({
    effect: 'read',
    argv: [
      'systemctl',
      'show',
      '-p',
      'LoadState',
      '-p',
      'ActiveState',
      '-p',
      'SubState',
      '-p',
      'MainPID',
      serviceOf(unit),
    ],
  })
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1] ?? 'unknown'
  const pid = Number(value('MainPID')) || 0
  return { load: value('LoadState'), active: value('ActiveState'), sub: value('SubState'), pid }
}

/** Restarts a unit and waits until it is active. `PRECONDITION` when there is no such unit. `found`: as it was seen just before. */
export async function restartUnit(
  host: RemoteHost,
  unit: string,
  options: { timeoutMs?: number; signal?: AbortSignal; found?: UnitState } = {},
): Promise<void> {
  const { timeoutMs = 90_000, signal } = options
  const bySignal = signal ? { signal } : {}
  const found = options.found ?? (await unitState(host, unit))
  if (found.load === 'not-found') {
    throw new RescueError('PRECONDITION', `node ${host.name} has no unit ${unit}`, {
      hint: `look on the node: systemctl list-units --type=service`,
    })
  }
  await host.run({ effect: 'change', argv: ['systemctl', 'restart', serviceOf(unit)], timeoutMs, ...bySignal })
  const until = Date.now() + timeoutMs
  for (;;) {
    const { active, sub } = await unitState(host, unit)
    if (active === 'active') return
    if (Date.now() >= until) {
      throw new RescueError(
        'TIMED_OUT',
        `node ${host.name}: ${unit} is not active after its restart: ${active} (${sub})`,
        {
          hint: `look on the node: journalctl -u ${shellWord(unit)} -n 50`,
        },
      )
    }
    await sleep(500, undefined, bySignal)
  }
}

function serviceOf(unit: string): string {
  return unit.includes('.') ? unit : `${unit}.service`
}
