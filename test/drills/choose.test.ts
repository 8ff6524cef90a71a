import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { buildLab, type Incident, incident, type Lab } from '../../src/lab/index.ts'
import { answersFor, expectOneError, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { runRescue } from '../support/rescue-process.ts'
import { type Dialogue, inTerminal, type Session } from '../support/terminal.ts'
import { holdTranscript } from '../support/transcript.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab
let before: Incident

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 0, store: 's3', speed: 10, eventsDecoy: true })
  before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 9 })
  await lab.pauseApiservers(true)
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

interface Chosen {
  runbook: string
  status: string
  proposal: { method: string; source: { id: string; token: string }; comesBack: string; lost: string[] }
  alternatives: { method: string; possible: boolean }[]
}

async function chosen(...flags: string[]): Promise<Chosen> {
  const run = await runRescue(lab, work.next(), ['recover', '--dry-run', '--json', ...flags])
  expect(run.code, run.stderr).toBe(0)
  return JSON.parse(run.stdout) as Chosen
}

test('all members have their directories: return in place is taken', async () => {
  const { runbook, status, proposal, alternatives } = await chosen()
  expect({ runbook, status, method: proposal.method }).toEqual({
    ...{ runbook: 'return-in-place', status: 'dry-run', method: 'return-in-place' },
  })
  expect(Object.values(before.trashed).flat()).toContain(proposal.source.token)
  expect(proposal.comesBack).toMatch(/^revision [\d,]+, about [\d,]+ keys of .*; 3 of 3 members/)
  expect(alternatives.map(({ method, possible }) => [method, possible])).toEqual([
    ['seed-in-place', true],
    ['rebuild-from-trashcan', true],
    ['restore-backup', true],
  ])
})

test('the proposal is four lines, the others one line each, and they are not on stdout', async () => {
  const run = await runRescue(lab, work.next(), ['recover', '--dry-run'])
  expect(run.code, run.stderr).toBe(0)
  const lines = run.stderr.split('\n').map((line) => line.trim())
  const first = lines.findIndex((line) => line.startsWith('etcd main, return-in-place. Comes back: revision '))
  expect(lines.slice(first + 1, first + 7)).toEqual([
    expect.stringMatching(/^lost: {4}what was written since it was trashed$/),
    expect.stringMatching(/^takes: {3}about .*, of which etcd is away for /),
    expect.stringMatching(/^touches: the backup store: .*; API servers, .*; etcd-manager, /),
    expect.stringMatching(/^or seed-in-place +about .*; also lost: member ids/),
    expect.stringMatching(/^or rebuild-from-trashcan +about .*; also lost: all leases; all revisions/),
    expect.stringMatching(/^or restore-backup +about .*; also lost: the [\d,]+ revisions? after it/),
  ])
  expect(lines).toContain('etcd events: left alone, no control-plane node runs etcd events')
  expect(run.stdout).not.toContain('Comes back')
})

test('a copy that is named narrows the choice, and one that is not there is COPY_NOT_FOUND', async () => {
  const [node = '', [token = ''] = []] = Object.entries(before.trashed).at(-1) ?? []
  const { proposal, alternatives } = await chosen('--copy', `${node}:${token}`)
  expect(proposal.source.id).toBe(`${node}:${token}`)
  expect(alternatives.find(({ method }) => method === 'restore-backup')).toMatchObject({ possible: false })
  const dir = work.next()
  const none = await runRescue(lab, dir, ['recover', ...answersFor(lab), '--copy', 'a:no-such-token'])
  expectOneError(none, { code: 'COPY_NOT_FOUND', exit: 20, message: /no copy "a:no-such-token"/, hint: /there are: / })
  expect(readdirSync(join(dir, 'runs'))).toEqual([])
})

test('a method that is named is run without a proposal, and says which etcd clusters it leaves out', async () => {
  const run = await runRescue(lab, work.next(), ['recover', '--dry-run', '--method', 'seed-in-place'])
  expect(run.code, run.stderr).toBe(0)
  expect(run.stderr).toMatch(/only etcd main is looked at, not events/)
  expect(run.stdout).toMatch(/seed-in-place, dry-run/)
})

test.each([
  [['--from', 'verify-data'], /--from without a method/],
  [['--run', 'x'], /--run without --from/],
])('%j needs more', async (flags, message) => {
  const run = await runRescue(lab, work.next(), ['recover', ...answersFor(lab), ...flags])
  expectOneError(run, { code: 'USAGE', exit: 2, message, hint: /--method METHOD --from STEP/ })
})

describe('on a terminal', () => {
  const bin = join(process.env.ETCD_RESCUE_TEST_PACKAGE ?? '', 'bin', 'run.js')
  const recoverAt = (columns: number, dialogue: Dialogue, ...flags: string[]) => {
    const argv = [process.execPath, bin, 'recover', '--config', lab.configFile, '--work-dir', work.next(), ...flags]
    return inTerminal(argv, { columns, dialogue, env: { ...process.env, ...lab.env } })
  }
  const FENCE = 'until the data is verified?'
  const METHOD = 'Bring etcd main back how?'
  const NAME = '(type drill.example.com)'

  const hold = (name: string, { rows }: Session) => holdTranscript(name, rows, new Map([[lab.dir, '/sandbox']]))

  /** How often each stands on the screen, over how many rows it may go. */
  const timesAsked = ({ rows }: Session) => {
    const text = rows.map((row) => row.trim()).join(' ')
    return [FENCE, METHOD, NAME].map((question) => text.split(question).length - 1)
  }

  /** A path is one word; it may be longer than a row, and is not broken by us. */
  const brokenIn = ({ broken }: Session) => broken.filter((row) => row.trim().includes(' '))

  test('a recovery that is stopped at its last question says what stays, and how it goes on', async () => {
    const session = await recoverAt(140, [
      [FENCE, 'y\r'],
      [METHOD, '\r'],
      [NAME, '\u0003'],
      ['Start them again now?', '\r'],
    ])
    expect(session.code, session.rows.join('\n')).toBe(130)
    expect(brokenIn(session)).toEqual([])
    const text = session.rows.join('\n')
    expect(text).toMatch(/Stopped after .*\n(.*\n)*Not done\n(.*\n)*Next\n +etcd-rescue runs resume --config /)
    expect(text).toMatch(/etcd-rescue unfence --config [\s\S]*# API servers are stopped/)
    hold('recover-140', session)
  })

  const unfence = async () => expect((await runRescue(lab, work.next(), ['unfence', ...answersFor(lab)])).code).toBe(0)

  // the first test has left them stopped
  test('API servers that are stopped already are not offered to be stopped; --json tells all of it on stderr', async () => {
    const session = await recoverAt(
      140,
      [
        [METHOD, '\r'],
        [NAME, '\u0003'],
        ['Start them again now?', '\r'],
      ],
      '--json',
    )
    expect(session.code, session.rows.join('\n')).toBe(130)
    expect(session.rows.join('\n')).toMatch(/the API servers are stopped already/)
    expect(timesAsked(session)).toEqual([0, 1, 1])
    // the JSON behind it is for a program, and as wide as its values
    expect(brokenIn(session).filter((row) => !/^ +"/.test(row))).toEqual([])
    hold('recover-json', session)
    await unfence()
  })

  test('with --yes they are stopped and the proposed method is taken; only the name is asked for', async () => {
    const session = await recoverAt(140, [[NAME, '\u0003']], '--yes')
    expect(session.code, session.rows.join('\n')).toBe(130)
    expect(timesAsked(session)).toEqual([0, 0, 1])
    expect(session.rows.join('\n')).not.toMatch(/stopped already/)
    await unfence()
  })

  test('a whole recovery asks nothing twice, breaks no word and goes over no edge', async () => {
    const session = await recoverAt(80, [
      [FENCE, 'y\r'],
      [METHOD, '\r'],
      [NAME, 'drill.example.com\r'],
    ])
    expect(session.code, session.rows.join('\n')).toBe(0)
    expect(brokenIn(session)).toEqual([])
    expect(timesAsked(session)).toEqual([1, 1, 1])
    hold('recover-80', session)
  })

  test('with --json all of it is told on stderr', async () => {
    const run = await runRescue(lab, work.next(), ['recover', '--json', '--dry-run', '--copy', 'a:none'])
    expect(run.code).toBe(20)
    expect(run.stderr).toMatch(/looking at every copy on the nodes/)
  })
})
