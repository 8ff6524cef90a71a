import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildLab, type Incident, incident, type Lab, measure } from '../../src/lab/index.ts'
import { REBUILD } from '../support/failing-run.ts'
import { killAt } from '../support/kill-at.ts'
import { labRelease } from '../support/lab-release.ts'
import { journalLines, runRescue } from '../support/rescue-process.ts'
import { stepsOf } from '../support/runbook-steps.ts'
import { originalsOf } from '../support/trashed.ts'

/**
 * One recovery, killed with SIGKILL inside every step in turn and resumed each time: the same final state, one restore
 * command, one backup published, nothing of the originals changed. `acting`: before anything of the step happened or
 * while it does; `acted`: after it happened and before that was verified and journaled as finished, for those that change
 * something outside this machine: the others only do again what they did.
 */
describe('killed with SIGKILL step by step, then resumed', () => {
  const workDir = mkdtempSync(join(tmpdir(), 'er-kill-'))
  let lab: Lab
  let before: Incident
  let originals: Record<string, string>
  const yes = (): string[] => ['--yes', '--confirm', lab.cluster, '--json']

  beforeAll(async () => {
    lab = await buildLab({ release: await labRelease(), workers: 1, store: 'file', speed: 10, eventsDecoy: false })
    before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 1 })
    originals = originalsOf(lab, before)
  }, 180_000)

  afterAll(async () => {
    await lab?.close()
    rmSync(workDir, { recursive: true, force: true })
  }, 60_000)

  test('ends as an undisturbed run does', { retry: 0, timeout: 1_500_000 }, async () => {
    const survived: string[] = []
    let args = [...REBUILD, ...yes()]
    const steps = (await stepsOf('rebuild-from-trashcan')).filter(({ runs }) => runs)
    const moments = steps.flatMap(({ id, changes }) =>
      (changes ? (['acting', 'acted'] as const) : (['acting'] as const)).map((moment) => ({ id, moment })),
    )
    expect(moments.length).toBeGreaterThanOrEqual(25)
    for (const { id, moment } of moments) {
      if (!(await killAt(lab, workDir, args, moment, id))) survived.push(`${id} ${moment}`)
      args = ['runs', 'resume', ...yes()]
    }
    expect(survived).toEqual([])
    const last = await runRescue(lab, workDir, args)
    expect(last.stderr).not.toMatch(/\n\s+at .*\(/)
    expect(last.code, last.stderr).toBe(0)
    const result = JSON.parse(last.stdout)
    expect(result.status).toBe('succeeded')
    expect(result.verified.digestMatches).toBe(true)

    const live = await measure(lab, before.uncertain)
    expect(live).toEqual(before.expected)
    const folders = await lab.store.listFolders('')
    expect(folders.filter((name) => name.startsWith('recovered-'))).toHaveLength(1)
    expect(folders.filter((name) => name.startsWith('before-'))).toHaveLength(1)
    expect(restoresSeen(lab)).toBe(1)
    expect(originalsOf(lab, before)).toEqual(originals)
    const acting = journalLines(workDir).filter(({ type }) => type === 'acting')
    // killed before it wrote, then after it wrote but before that was journaled: the second is not repeated
    expect(acting.filter(({ step }) => step === 'trigger-restore')).toHaveLength(2)
  })
})

/** How many restores etcd-manager did, by its log on each node. */
function restoresSeen(lab: Lab): number {
  const logs = lab.nodes
    .filter(({ role }) => role === 'control-plane')
    .map(({ root }) => readFileSync(join(root, 'var/log/etcd.log'), 'utf8'))
  return logs.join('\n').match(/restored \d+ keys/g)?.length ?? 0
}
