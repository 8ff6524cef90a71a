import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { decodeWhole } from '../../src/kube/index.ts'
import { buildLab, type Incident, incident, type Lab, measure } from '../../src/lab/index.ts'
import { landmarks } from '../../src/lab/landmarks.ts'
import type { DiffValue } from '../../src/ui/diff.ts'
import type { NodesValue } from '../../src/ui/nodes.ts'
import type { ScanCopy, ScanValue } from '../../src/ui/scan.ts'
import { expectRecovered, recover, seenThrough, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { runRescue, runsIn } from '../support/rescue-process.ts'
import { type Sshd, sshdMissing, startSshd } from '../support/sshd.ts'
import { extraCopy, rootOf } from '../support/trashed.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const KEYS = 2000
const SEALED = '/registry/secrets/kube-system/sealed-secrets-keydrill'
const work = workDirs()
/** A node's database from before the late writes: what etcd has when it is killed before it writes to it again. */
const BEHIND = 'killedBeforeItsCommitX'
let lab: Lab
let before: Incident
let sshd: Sshd | undefined

beforeAll(async () => {
  const kept: Buffer[] = []
  // the API servers are paused then, and the late writes not yet begun
  const note = (line: string) => line === 'kops update cluster writes the spec' && kept.push(servingDatabase())
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 's3', speed: 10, eventsDecoy: true, note })
  before = await incident(lab, { keys: KEYS, sizeBytes: 3_000_000, seed: 8 })
  writeFileSync(extraCopy(lab, before, 'a', BEHIND).db, kept[0] ?? '')
})

afterAll(async () => {
  await sshd?.stop()
  await lab?.close()
  work.clear()
})

function servingDatabase(): Buffer {
  const data = join(rootOf(lab, 'a'), 'mnt/master-vol-main/data')
  const [token = ''] = readdirSync(data)
  return readFileSync(join(data, token, 'member/snap/db'))
}

async function rescue<T>(seen: Lab, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await runRescue(seen, work.next(), [...args, '--json'])
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as T
}

const isTrashed = ({ node = '', token = '' }: ScanCopy) =>
  token === BEHIND || before.trashed[node]?.includes(token) === true

/** The copies of `main`, as `scan` gives them: best first, each named, each read by a few pages. */
function expectRanked({ copies, notes }: ScanValue): ScanCopy {
  const main = copies.filter(({ etcdCluster }) => etcdCluster === 'main')
  const onNodes = main.filter(({ kind }) => kind === 'member')
  const trashed = onNodes.filter(isTrashed)
  const serving = onNodes.filter((copy) => copy.serving)
  expect([notes, trashed.length, serving.length]).toEqual([[], 4, 3])
  expect(main.slice(0, 4).every(isTrashed)).toBe(true)
  for (const { bytesRead, sizeBytes } of onNodes) {
    expect(bytesRead).toBeGreaterThan(4096)
    expect(bytesRead).toBeLessThan(1_000_000)
    expect(sizeBytes).toBeGreaterThan(1_000_000)
  }
  const [best] = main
  expect(best).toMatchObject({
    rank: 1,
    place: 'trashcan',
    why: expect.stringMatching(/^best: its cluster holds most/),
  })
  // on a busy machine it may be written faster than it can be read
  const known = /^(what the cluster runs now: nearly empty, seeded after the loss|an etcd writes to it faster .*)$/
  for (const { why } of serving) expect(why).toMatch(known)
  const backups = main.filter(({ kind }) => kind === 'backup')
  expect(backups.some(({ why }) => /^the same cluster, .* log entries behind/.test(why))).toBe(true)
  expect(backups.some(({ why }) => why === 'of the cluster that runs now, which holds less')).toBe(true)
  return best as ScanCopy
}

describe('after the incident, before anything is done', () => {
  test('scan ranks every copy by what it holds, from a few pages of each', async () => {
    const value = await rescue<ScanValue>(lab, 'scan')
    expectRanked(value)
    const events = value.copies.filter(({ etcdCluster }) => etcdCluster === 'events')
    expect(events.length).toBeGreaterThan(0)
  })

  test.skipIf(sshdMissing)(`scan over a real sshd finds the same (${sshdMissing ?? 'OpenSSH'})`, async () => {
    sshd = await startSshd({ config: ['MaxSessions 10'] })
    const { port, identityFile, knownHosts } = sshd
    const seen = await seenThrough(lab, (config) => {
      config.ssh = { user: userInfo().username, identityFile, knownHosts, sudo: false }
      for (const node of config.nodes.controlPlane) Object.assign(node, { address: '127.0.0.1', port })
    })
    const best = expectRanked(await rescue<ScanValue>(seen, 'scan', '--backups', '4'))
    const { stdout } = await runRescue(seen, work.next(), ['scan', '--etcd-cluster', 'main'])
    expect(stdout).toContain(best.source)
    expect(stdout).toMatch(/^rank +copy +place .* since \(UTC\) +etcd +why$/m)
  })

  test('diff with the running cluster says what is gone, and what a recovery would lose', async () => {
    const { copies } = await rescue<ScanValue>(lab, 'scan', '--backups', '0')
    const [best] = copies
    const { a, b, totals, kinds, sameCluster, phantoms } = await rescue<DiffValue>(
      lab,
      'diff',
      'live',
      best?.source ?? '',
    )
    expect(sameCluster).toBe(false)
    expect(a.source).toBe('live')
    // the copy's WAL has the last ones
    expect(totals.comesBack).toBeGreaterThanOrEqual(KEYS)
    expect(totals.comesBack + (b.walWrites ?? 0)).toBeGreaterThanOrEqual(before.expected.keys)
    expect(totals.changes + totals.isLost).toBeLessThan(50)
    expect(kinds.find(({ resource }) => resource === 'persistentvolumes')?.comesBack).toBeGreaterThan(10)
    expect(phantoms.count).toBeGreaterThan(100)
  })

  test('a sealed-secrets key is extracted, and is the original byte by byte', async () => {
    const { copies } = await rescue<ScanValue>(lab, 'scan', '--backups', '0')
    const output = join(work.next(), 'keys.yaml')
    const selector = 'sealedsecrets.bitnami.com/sealed-secrets-key'
    const which = ['--kind', 'Secret', '--namespace', 'kube-system', '--selector', selector]
    const source = copies[0]?.source ?? ''
    const refused = await runRescue(lab, work.next(), ['extract', source, ...which, '--output', output])
    expect([refused.code, existsSync(output)]).toEqual([20, false])
    await rescue(lab, 'extract', source, ...which, '--include-secrets', '--output', output)
    expect((await stat(output)).mode & 0o777).toBe(0o600)
    const original = landmarks(lab.nodes).find(({ key }) => key.toString() === SEALED)
    const data = decodeWhole(original?.value ?? Buffer.alloc(0))?.message.data
    expect(Object.keys(data as object)).toEqual(['tls.crt', 'tls.key'])
    expect(parse(await readFile(output, 'utf8'))).toMatchObject({ kind: 'Secret', type: 'kubernetes.io/tls', data })
  })

  test('nodes lists the nodes that the empty cluster no longer knows', async () => {
    const { copies } = await rescue<ScanValue>(lab, 'scan', '--backups', '0')
    const { nodes } = await rescue<NodesValue>(lab, 'nodes', copies[0]?.source ?? '')
    const found = nodes.map(({ name, address, role }) => ({ name, address, role }))
    expect(found).toEqual(lab.nodes.map(({ name, address, role }) => ({ name, address, role })))
  })
})

test('what only the WAL holds is counted by scan, and brought back by recover', async () => {
  const { copies } = await rescue<ScanValue>(lab, 'scan', '--backups', '0')
  const behind = copies.find(({ token }) => token === BEHIND)
  expect(behind?.walWrites).toBeGreaterThanOrEqual(before.lateWrites)
  expect(behind?.walWritesExact).toBe(true)
  await lab.pauseApiservers(true)
  const dir = work.next()
  const run = await recover(lab, dir, '--copy', `a:${BEHIND}`)
  expectRecovered(run)
  const journal = readFileSync(join(dir, 'runs', runsIn(dir)[0] ?? '', 'journal.ndjson'), 'utf8')
  expect(journal).toMatch(/comes back: everything up to revision [\d,]+, and [\d,]+ writes? only in its WAL/)
  const result = JSON.parse(run.stdout) as { source: { revision: number }; backup: { name: string; store: string } }
  // the three masterleases hang on leases, which may expire while the copy is replayed: a revision each
  const beyond = result.source.revision - (behind?.walRevision ?? 0)
  expect(beyond).toBeGreaterThanOrEqual(0)
  expect(beyond).toBeLessThanOrEqual(3)
  expect(await measure(lab, before.uncertain)).toEqual(before.expected)
  const backup = `${result.backup.store}/${result.backup.name}`
  const { totals, expected } = await rescue<DiffValue>(lab, 'diff', 'live', backup)
  const explained = Object.values(expected).reduce((sum, keys) => sum + keys, 0)
  expect(totals.comesBack + totals.isLost + totals.changes).toBe(explained)
})
