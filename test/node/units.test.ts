import { describe, expect, test } from 'vitest'
import { memoryHost } from '../../src/adapters/memory/host.ts'
import { restartUnit, unitState } from '../../src/node/units.ts'

/** A node whose systemctl gives these states one after the other, the last for good. */
function node(...states: string[]) {
  return memoryHost({
    name: 'a',
    script: (argv) => {
      if (argv[1] !== 'show') return {}
      const state = (states.length > 1 ? states.shift() : states[0]) ?? ''
      const [load, active, sub] = state.split(' ')
      return { stdout: `LoadState=${load}\nActiveState=${active}\nSubState=${sub}\n` }
    },
  })
}

describe('systemd units', () => {
  test('the state of a unit', async () => {
    expect(await unitState(node('loaded active running'), 'kubelet')).toEqual({
      load: 'loaded',
      active: 'active',
      sub: 'running',
      pid: 0,
    })
  })

  test('a restart is done once and waited for', async () => {
    const host = node('loaded active running', 'loaded activating auto-restart', 'loaded active running')
    await restartUnit(host, 'kubelet')
    const changes = host.calls.filter(({ effect }) => effect === 'change')
    expect(changes.map(({ argv }) => argv)).toEqual([['systemctl', 'restart', 'kubelet.service']])
  })

  test('one that does not come back is TIMED_OUT with its state', async () => {
    const late = restartUnit(node('loaded active running', 'loaded failed failed'), 'kubelet', { timeoutMs: 100 })
    await expect(late).rejects.toMatchObject({ code: 'TIMED_OUT' })
    await expect(late).rejects.toThrow(/failed \(failed\)/)
  })

  test('a unit that is not there is a precondition, and nothing is restarted', async () => {
    const host = node('not-found inactive dead')
    await expect(restartUnit(host, 'kubelet')).rejects.toMatchObject({ code: 'PRECONDITION' })
    expect(host.calls.every(({ effect }) => effect === 'read')).toBe(true)
  })
})
