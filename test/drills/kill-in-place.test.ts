import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildLab, type Incident, incident, type Lab, measure, survey } from '../../src/lab/index.ts'
import { reboot } from '../../src/lab/scenarios/reboot.ts'
import { killAt } from '../support/kill-at.ts'
import { labRelease } from '../support/lab-release.ts'
import { runRescue } from '../support/rescue-process.ts'
import { stepsOf } from '../support/runbook-steps.ts'
import { digestsOf, originalsOf } from '../support/trashed.ts'

const VOLUME = 'mnt/master-vol-main'
const small = { keys: 300, sizeBytes: 200_000, seed: 1 }

let workDir: string
let lab: Lab
let before: Incident
const yes = (): string[] => ['--yes', '--confirm', lab.cluster, '--json']
const controlPlane = () => lab.nodes.filter(({ role }) => role === 'control-plane')

async function broken() {
  workDir = mkdtempSync(join(tmpdir(), 'er-kill-'))
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 'file', speed: 10, eventsDecoy: false })
  before = await incident(lab, small)
}

async function removed() {
  await lab?.close()
  rmSync(workDir, { recursive: true, force: true })
}

/** Digests of the files of these directories, by node and path below it. */
function filesOf(roots: { node: string; dir: string }[]): Record<string, string> {
  const files = roots.flatMap(({ node, dir }) =>
    Object.entries(digestsOf([dir])).map(([path, digest]) => [
      `${node}${path.slice(dir.length)}`,
      digest.split(' ')[0],
    ]),
  )
  return Object.fromEntries(files)
}

/**
 * One recovery, killed with SIGKILL inside each of its own steps, or after it acted and before it was verified, and resumed
 * each time. Steps that a rebuild has too are killed there, at both moments (kill.test.ts).
 */
describe.each([
  ['return-in-place', 'acting'],
  ['seed-in-place', 'acted'],
] as const)('%s, killed at every step of its own (%s), then resumed', (method, moment) => {
  let originals: Record<string, string>
  let trashed: { node: string; token: string; dir: string }[]

  beforeAll(async () => {
    await broken()
    originals = originalsOf(lab, before)
    trashed = controlPlane().flatMap(({ name, root }) =>
      (before.trashed[name] ?? []).map((token) => ({
        node: name,
        token,
        dir: join(root, VOLUME, 'data-trashcan', token),
      })),
    )
  }, 180_000)
  afterAll(removed, 60_000)

  test('ends as an undisturbed run does, and the originals are as they were', {
    retry: 0,
    timeout: 900_000,
  }, async () => {
    const contents = filesOf(trashed)
    const survived: string[] = []
    let args = ['recover', '--method', method, ...yes()]
    const shared = new Set((await stepsOf('rebuild-from-trashcan')).map(({ id }) => id))
    const own = (await stepsOf(method)).filter(({ id, runs }) => runs && !shared.has(id))
    // to wait for a step that only the run itself finds out about would end the run
    const certain = own.filter(({ hangsOnFact }) => !hangsOnFact)
    expect(certain.length).toBeGreaterThanOrEqual(8)
    for (const { id } of certain) {
      if (!(await killAt(lab, workDir, args, moment, id))) survived.push(id)
      args = ['runs', 'resume', ...yes()]
    }
    expect(survived).toEqual([])
    const last = await runRescue(lab, workDir, args)
    expect(last.code, last.stderr).toBe(0)
    expect(JSON.parse(last.stdout)).toMatchObject({ status: 'succeeded', verified: { digestMatches: true } })

    expect(await measure(lab, before.uncertain)).toEqual(before.expected)
    const found = await survey(lab, before)
    expect(found.writesLost).toBe(0)
    expect(found.leasesKept).toBe(before.leases.length)
    expect(found.revision).toBeGreaterThanOrEqual(before.revision)
    expect(found.memberIds.join() === before.memberIds.join()).toBe(method === 'return-in-place')
    expect((await lab.store.listFolders('')).filter((name) => name.startsWith('before-'))).toHaveLength(1)
    for (const { root } of controlPlane()) expect(readdirSync(join(root, VOLUME, 'data'))).toHaveLength(1)

    // returned directories are written to by etcd; the copies set aside are what they were
    if (method === 'return-in-place') {
      const asides = trashed.map(({ node, token, dir }) => ({ node, dir: join(dir, '../../etcd-rescue/aside', token) }))
      expect(filesOf(asides)).toEqual(contents)
    } else expect(originalsOf(lab, before)).toEqual(originals)
  })
})

/** What an undo must give back: every directory, state and manifest of the control plane, by name and content. */
function layout(): Record<string, unknown> {
  return Object.fromEntries(
    controlPlane().map(({ name, root }) => {
      const names = (dir: string) => readdirSync(join(root, dir)).sort()
      const state = createHash('sha256')
        .update(readFileSync(join(root, VOLUME, 'state')))
        .digest('hex')
      const manifests = names('etc/kubernetes/manifests')
      return [name, { data: names(`${VOLUME}/data`), trash: names(`${VOLUME}/data-trashcan`), state, manifests }]
    }),
  )
}

describe('return-in-place, killed while etcd is away, then taken back', () => {
  beforeAll(broken, 180_000)
  afterAll(removed, 60_000)

  // after write-state it is tried below, with a node that was rebooted
  test.each(['stop-etcd-manager', 'swap-directories', 'start-etcd-manager'])(
    'after %s: everything is where it was, and the cluster from before serves again',
    async (step) => {
      const was = layout()
      const args = ['recover', '--method', 'return-in-place', ...yes()]
      rmSync(join(workDir, 'runs'), { recursive: true, force: true })
      expect(await killAt(lab, workDir, args, 'acted', step)).toBe(true)
      const undone = await runRescue(lab, workDir, ['runs', 'undo', ...yes()])
      expect(undone.code, undone.stderr).toBe(0)
      // nobody was asked whether API servers are to serve the empty cluster: that is the operator's to say
      const unfenced = await runRescue(lab, workDir, ['unfence', ...yes()])
      expect(unfenced.code, unfenced.stderr).toBe(0)
      expect(layout()).toEqual(was)
      await lab.ready()
      const served = await measure(lab)
      expect(served.keys).toBeLessThan(before.expected.keys / 10)
    },
    240_000,
  )

  test('a node was rebooted meanwhile, and etcd-manager runs there again: it is stopped before anything is moved', {
    retry: 0,
    timeout: 240_000,
  }, async () => {
    const was = layout()
    rmSync(join(workDir, 'runs'), { recursive: true, force: true })
    expect(
      await killAt(lab, workDir, ['recover', '--method', 'return-in-place', ...yes()], 'acted', 'write-state'),
    ).toBe(true)
    await reboot(lab, 'b', { rewritten: true })
    const undone = await runRescue(lab, workDir, ['runs', 'undo', ...yes()])
    expect(undone.code, undone.stderr).toBe(0)
    const unfenced = await runRescue(lab, workDir, ['unfence', ...yes()])
    expect(unfenced.code, unfenced.stderr).toBe(0)
    expect(layout()).toEqual(was)
    await lab.ready()
  })

  test('and the next run recovers all of it', { retry: 0, timeout: 240_000 }, async () => {
    rmSync(join(workDir, 'runs'), { recursive: true, force: true })
    const run = await runRescue(lab, workDir, ['recover', '--method', 'return-in-place', ...yes()])
    expect(run.code, run.stderr).toBe(0)
    expect(await measure(lab, before.uncertain)).toEqual(before.expected)
  })
})
