import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildLab, type Incident, incident, type Lab, measure } from '../../src/lab/index.ts'
import { REBUILD } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { journalLines, runRescue, startRescue } from '../support/rescue-process.ts'
import { stepsOf } from '../support/runbook-steps.ts'

/**
 * One recovery, killed with SIGKILL inside every step in turn and resumed each time: the same final state, one restore
 * command, one backup published, nothing of the originals changed. `acting`: before anything of the step happened or
 * while it does; `acted`: after it happened and before that was verified and journaled as finished.
 */
describe.each(['acting', 'acted'] as const)('killed with SIGKILL at every step (%s), then resumed', (moment) => {
  const workDir = mkdtempSync(join(tmpdir(), 'er-kill-'))
  let lab: Lab
  let before: Incident
  let originals: Record<string, string>
  const yes = (): string[] => ['--yes', '--confirm', lab.cluster, '--json']

  beforeAll(async () => {
    lab = await buildLab({ release: await labRelease(), workers: 1, store: 'file', speed: 10, eventsDecoy: false })
    before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 1 })
    originals = digests(lab, before)
  }, 180_000)

  afterAll(async () => {
    await lab?.close()
    rmSync(workDir, { recursive: true, force: true })
  }, 60_000)

  test('ends as an undisturbed run does', async () => {
    const survived: string[] = []
    let args = [...REBUILD, ...yes()]
    const steps = (await stepsOf('rebuild-from-trashcan')).filter(({ runs }) => runs)
    for (const { id: step } of steps) {
      const killed = await killAt(lab, workDir, args, moment, step)
      if (!killed) survived.push(step)
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
    expect(digests(lab, before)).toEqual(originals)
    const acting = journalLines(workDir).filter(({ type }) => type === 'acting')
    expect(acting.filter(({ step }) => step === 'trigger-restore')).toHaveLength(moment === 'acting' ? 2 : 1)
  }, 900_000)
})

/** Starts it and kills it as soon as the journal says that this step is at that moment. False when it ended before. */
async function killAt(lab: Lab, workDir: string, args: string[], type: string, step: string): Promise<boolean> {
  const linesOf = () => journalLines(workDir).filter((line) => line.step === step)
  const count = () => linesOf().filter((line) => line.type === type).length
  const had = count()
  // steps that run together reach a moment together: the kill of the one before hit this one in it too
  const marks = linesOf().filter((line) => ['acting', 'acted', 'finished'].includes(line.type))
  if (type === 'acted' && marks.at(-1)?.type === 'acted') return true
  const { child, finished } = startRescue(lab, workDir, args)
  // on a busy machine the one that looks must not come later than the one that is looked at
  if (child.pid !== undefined) setPriority(child.pid, 10)
  let ended = false
  finished.then(() => {
    ended = true
  })
  while (!ended) {
    if (count() > had) {
      child.kill('SIGKILL')
      break
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const { signal, stderr } = await finished
  if (signal !== 'SIGKILL') process.stderr.write(`not killed in ${step}: ${stderr}\n`)
  return signal === 'SIGKILL'
}

/** How many restores etcd-manager did, by its log on each node. */
function restoresSeen(lab: Lab): number {
  const logs = lab.nodes
    .filter(({ role }) => role === 'control-plane')
    .map(({ root }) => readFileSync(join(root, 'var/log/etcd.log'), 'utf8'))
  return logs.join('\n').match(/restored \d+ keys/g)?.length ?? 0
}

/** SHA-256 of every file of the trashed originals, with its mtime. */
function digests(lab: Lab, { trashed }: Incident): Record<string, string> {
  const found: Record<string, string> = {}
  const walk = (path: string) => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) walk(join(path, name))
    else found[path] = `${createHash('sha256').update(readFileSync(path)).digest('hex')} ${statSync(path).mtimeMs}`
  }
  for (const node of lab.nodes)
    for (const token of trashed[node.name] ?? []) walk(join(node.root, 'mnt/master-vol-main/data-trashcan', token))
  return found
}
