import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type MemoryAnswers, memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import type { LocalMember } from '../../src/ports/etcd.ts'
import type { Copy, Facts } from '../../src/steps/facts.ts'
import { addLearner, enableAuth } from '../support/member-state.ts'
import { raiseAlarm } from '../support/raise-alarm.ts'
import { healthyStore } from './support/in-place.ts'
import { memberDir, putPods } from './support/member-dir.ts'
import { manifestsOf, node, targetOf } from './support/nodes.ts'
import { copyOf, runStep } from './support/step.ts'
import { tempDir } from './support/temp.ts'

interface Options {
  facts?: Partial<Facts>
  inputs?: object
  answers?: MemoryAnswers
  /** ETCD_QUOTA_BACKEND_BYTES in the manifest of etcd-manager. */
  quota?: string
  /** The node cannot be reached. */
  isAway?: boolean
}

/** The step on the database of a real etcd, with what `live` did to it, and one node beside it. */
async function scene(live: (member: LocalMember) => Promise<void>) {
  const dataDir = await tempDir()
  let size = { bytes: 0, inUseBytes: 0 }
  let memberId = ''
  const release = await memberDir(dataDir, async (member) => {
    await putPods(member, 0, 20)
    const status = await member.client.status()
    size = { bytes: status.dbSizeBytes, inUseBytes: status.dbSizeInUseBytes }
    memberId = status.memberId
    await live(member)
  })
  const expected = { keys: 20, digest: 'd', revision: 21, dataDir, minor: release.minor, dataBytes: 700, size }
  const copy = copyOf({ learners: [], memberId })
  const check = async ({ facts = {}, inputs = {}, answers = {}, quota, isAway = false }: Options = {}) => {
    const root = await tempDir()
    const host = node('a', { root, manifests: true, isAway: () => isAway })
    const env = quota === undefined ? [] : [{ name: 'ETCD_QUOTA_BACKEND_BYTES', value: quota }]
    const pod = {
      kind: 'Pod',
      metadata: { name: 'etcd-manager-main' },
      spec: { containers: [{ name: 'etcd-manager', env }] },
    }
    writeFileSync(join(manifestsOf(root), 'etcd-manager-main.manifest'), JSON.stringify(pod))
    const prompter = memoryPrompter(answers)
    const world = { controlPlane: [host], target: targetOf([host]), prompter, store: await healthyStore() }
    const seed = { minor: release.minor, revision: 21, bumpedBy: 0 }
    const ran = await runStep('check-state', { facts: { expected, copy, seed, ...facts }, inputs, world })
    expect(host.calls.every(({ effect }) => effect === 'read')).toBe(true)
    return { ...ran, state: ran.gives.state, questions: prompter.questions }
  }
  return { check, memberId, expected, size }
}

const nothing = async () => {}
const restored = { authOff: true } as Facts['restored']

describe('check-state', () => {
  test('a copy that carries nothing is told by its size, and asks nothing', async () => {
    const { check } = await scene(nothing)
    const { notes, state } = await check()
    expect(notes).toEqual([expect.stringMatching(/^[\d.]+ kB fit: the quota is 2\.15 GB on a$/)])
    expect(state).toEqual({ disarm: 'ask', makesRoom: false })
  })

  test('NOSPACE is told before anything is changed, with the member that raised it', async () => {
    const { check } = await scene((member) => raiseAlarm(member, 'NOSPACE', 'abc123'))
    const { notes, state } = await check()
    expect(notes[0]).toMatch(/the copy carries the alarm NOSPACE of member abc123: etcd refuses every put/)
    expect(state).toEqual({ disarm: 'ask', makesRoom: false })
  })

  test('CORRUPT of the very member that the copy is of is a question, which the run asks once', async () => {
    const { check, memberId } = await scene((member) => raiseAlarm(member, 'CORRUPT'))
    await expect(check()).rejects.toMatchObject({
      ...{ code: 'ANSWER_MISSING', hint: 'answer it with --set disarm=all' },
      message: expect.stringContaining(`the alarm CORRUPT of member ${memberId}, the one that it is of`),
    })
    await expect(check({ answers: { confirm: false } })).rejects.toMatchObject({ code: 'PRECONDITION' })
    expect((await check({ answers: { confirm: true } })).state).toEqual({ disarm: 'all', makesRoom: false })
    expect((await check({ inputs: { disarm: 'all' } })).questions).toEqual([])
  })

  test('CORRUPT of a backup is agreed to by a word of its own: alarms of the new cluster are asked about as ever', async () => {
    const { check } = await scene((member) => raiseAlarm(member, 'CORRUPT'))
    const facts = { backup: { name: 'x' } as Facts['backup'] }
    await expect(check({ facts })).rejects.toMatchObject({
      ...{ code: 'ANSWER_MISSING', hint: 'answer it with --set accept=corrupt' },
    })
    expect((await check({ facts, answers: { confirm: true } })).state).toMatchObject({ disarm: 'ask' })
    expect((await check({ facts, inputs: { accept: 'corrupt' } })).state).toMatchObject({ disarm: 'ask' })
  })

  test('a node that takes no seat is not asked for its quota', async () => {
    const { check } = await scene(nothing)
    const placement = { etcdVersion: '3.5.30', seats: [{ node: 'b' }] } as Facts['placement']
    expect((await check({ facts: { placement }, isAway: true })).notes).toEqual([])
  })

  test('authentication that was turned off in the working copy is a question; of what is used as it is, it is refused', async () => {
    const { check, expected } = await scene(nothing)
    const facts = { restored }
    await expect(check({ facts })).rejects.toMatchObject({
      ...{ code: 'ANSWER_MISSING', hint: 'answer it with --set accept=auth' },
      message: expect.stringContaining("Kubernetes' API server has no user in etcd"),
    })
    expect((await check({ facts, inputs: { accept: 'auth' } })).notes[1]).toMatch(
      /^careful: the copy has authentication on/,
    )
    const placement = { etcdVersion: '3.5.30', seats: [{ node: 'a' }] } as Facts['placement']
    await expect(
      check({ facts: { restored, placement, seed: undefined as never }, inputs: { accept: 'auth' } }),
    ).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', hint: expect.stringMatching(/seed-in-place --set accept=auth/) },
    })
    const backup = { name: 'x' } as Facts['backup']
    await expect(check({ facts: { backup, expected: { ...expected, authOff: true } } })).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', message: /etcd-manager reads it without one too/ },
    })
  })

  test('authentication in the database of the trial itself is seen', async () => {
    const { check } = await scene(async (member) => enableAuth(member))
    const placement = { etcdVersion: '3.5.30', seats: [{ node: 'a' }] } as Facts['placement']
    await expect(check({ facts: { placement, seed: undefined as never } })).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /^the copy has authentication on/,
    })
  })

  test('learners are told by their names', async () => {
    let id = ''
    const { check } = await scene(async (member) => {
      id = await addLearner(member)
    })
    const memberList = [{ id, name: 'etcd-c', peerUrls: [] }]
    const copy = copyOf({ learners: [id], memberList }) as Copy
    expect((await check({ facts: { copy } })).notes.at(-1)).toMatch(/^learners, .* in the list of the copy: etcd-c;/)
  })

  test('a full database is agreed on before, and is made smaller afterwards', async () => {
    const { check, size } = await scene(nothing)
    const quota = String(size.bytes)
    await expect(check({ quota })).rejects.toMatchObject({
      ...{ code: 'ANSWER_MISSING', hint: 'answer it with --yes, or --set disarm=nospace' },
      message: expect.stringMatching(/the quota is [\d.]+ k?B on a: etcd raises the alarm NOSPACE/),
    })
    expect((await check({ quota, answers: { confirm: true } })).state).toEqual({ disarm: 'nospace', makesRoom: true })
    expect((await check({ quota, inputs: { disarm: 'nospace' } })).state).toEqual({
      disarm: 'nospace',
      makesRoom: true,
    })
  })

  test('a backup whose keys alone are more than the quota is never given to etcd-manager', async () => {
    const { check } = await scene(nothing)
    const facts = { backup: { name: 'x' } as Facts['backup'] }
    await expect(check({ facts, quota: '700' })).rejects.toMatchObject({
      code: 'PRECONDITION',
      hint: /ETCD_QUOTA_BACKEND_BYTES/,
    })
    await expect(check({ facts, quota: '900' })).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /accept=quota/ })
    await check({ facts, quota: '900', inputs: { accept: 'quota' } })
  })

  test.each([
    ['names no number', { quota: '8Gi' }, /^a: the quota of its etcd is not known, nor whether .* fit: .*"8Gi"$/],
    ['cannot be reached', { isAway: true }, /^a: the quota of its etcd is not known, .* cannot be reached$/],
  ])('a quota that %s is not known', async (_, over, note) => {
    const { check } = await scene(nothing)
    const { notes } = await check(over)
    expect(notes).toEqual([expect.stringMatching(note)])
  })

  test('a trial that is no longer here tells nothing, and that is said of each', async () => {
    const { check, expected } = await scene(nothing)
    const dataDir = join(expected.dataDir, 'gone')
    expect(existsSync(dataDir)).toBe(false)
    const { notes } = await check({ facts: { expected: { ...expected, dataDir } } })
    expect(notes.filter((line) => line.includes('is not known: cannot read'))).toHaveLength(4)
  })

  test('what is answered in one go is named in one go', async () => {
    const { check } = await scene((member) => raiseAlarm(member, 'CORRUPT'))
    await expect(check({ facts: { restored } })).rejects.toMatchObject({
      code: 'ANSWER_MISSING',
      hint: 'answer it with --set disarm=all --set accept=auth',
    })
    await expect(check({ inputs: { accept: 'auth,everything' } })).rejects.toMatchObject({
      ...{ code: 'USAGE', message: /"everything"/, hint: 'name some of: auth, corrupt, downgrade, quota' },
    })
  })
})
