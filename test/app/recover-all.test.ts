import { describe, expect, test } from 'vitest'
import type { PreparedRun } from '../../src/app/recover.ts'
import { assessAll, obstacle } from '../../src/app/recovery/assess.ts'
import type { RecoverChoice } from '../../src/app/recovery/choice.ts'
import type { Gathered, OfCluster } from '../../src/app/recovery/gather.ts'
import { runAll } from '../../src/app/recovery/run-all.ts'
import { runLines } from '../../src/ui/run-result.ts'
import { lost, NOW, running, trashed } from '../recovery/support.ts'
import { configOf, sessionIn } from './support.ts'

const kinds = { nodes: 0, pods: 0, namespaces: 4 }
const empty = { keys: 30, clusterId: 'ff', members: ['2a', '2b', '2c'], revision: 40, kinds }
const incident = [...running, ...trashed]
const healthy = ['a', 'b', 'c'].map((node) => lost(node, { serving: true, place: 'data', path: '/mnt/v/data/old' }))
const alive = { keys: 470_000, clusterId: 'cc', members: ['1a', '1b', '1c'], revision: 5001, kinds }

type Found = Record<string, OfCluster>

function assess(found: Found, named = {}) {
  const gathered: Gathered = {
    etcdClusters: new Map(Object.entries(found)),
    unsearched: [],
    bytesPerSecond: undefined,
    fenced: false,
  }
  return assessAll(gathered, configOf(Object.keys(found)), named, NOW)
}

const both: Found = { main: { copies: incident, live: empty }, events: { copies: incident, live: empty } }

describe('what stops a recovery before it begins', () => {
  test('nothing, when one etcd cluster needs it', () => {
    expect(obstacle(assess(both), false)).toBeUndefined()
    const onlyEvents = { ...both, main: { copies: healthy, live: alive } }
    expect(obstacle(assess(onlyEvents), false)).toBeUndefined()
  })

  test('that no etcd cluster needs it: each is told', () => {
    const fine: Found = { main: { copies: healthy, live: alive }, events: { copies: [], live: undefined } }
    expect(obstacle(assess(fine), false)).toMatchObject({
      code: 'PRECONDITION',
      exitCode: 20,
      message: expect.stringMatching(
        /nothing needs a recovery\. etcd events: no control-plane node runs.*etcd main: .*470,000/,
      ),
    })
  })

  test('that main has no copy, whatever the others have', () => {
    const none: Found = { ...both, main: { copies: [], live: undefined } }
    expect(obstacle(assess(none), true)).toMatchObject({ code: 'COPY_NOT_FOUND', exitCode: 20 })
  })

  test('that main may be alive, unless somebody can be asked', () => {
    const unclear: Found = { main: { copies: incident, live: { ...empty, keys: 300_000 } } }
    expect(obstacle(assess(unclear), false)).toMatchObject({ code: 'ANSWER_MISSING', hint: /--copy a:old/ })
    expect(obstacle(assess(unclear), true)).toBeUndefined()
    expect(obstacle(assess(unclear, { copy: 'a:old' }), false)).toBeUndefined()
  })

  test('that nothing tells which volume an etcd-manager uses: both are named, and what to type', () => {
    const unseated: Found = { main: { copies: incident, live: empty, seats: untold } }
    const answer = { code: 'ANSWER_MISSING', exitCode: 20, message: `etcd main: ${why}`, hint: /--set seats=b=/ }
    expect(obstacle(assess(unseated), false)).toMatchObject(answer)
    expect(obstacle(assess(unseated, { copy: 'a:old' }), false)).toMatchObject(answer)
    expect(obstacle(assess(unseated), true)).toBeUndefined()
  })

  test('that the named copy is what runs now: all four ways say why', () => {
    const error = obstacle(assess({ main: both.main as Found[string] }, { copy: 'a:new' }), false)
    expect(error).toMatchObject({
      code: 'PRECONDITION',
      message: /return-in-place: a:new is what the cluster runs now/,
    })
  })
})

const why = 'b: /mnt/now and /mnt/snap both hold data of etcd main'
const untold = new Map([['b', { is: 'unseen', why, hint: 'say it: --set seats=b=/mnt/now' } as const]])

const choice: RecoverChoice = { method: 'auto', inputs: {} }

/** Runs nothing: says what would be run, and how it ended. */
async function pretend(found: Found, over: Partial<RecoverChoice> = {}, fails?: string) {
  const asked: PreparedRun[] = []
  const config = configOf(Object.keys(found))
  const value = (etcdCluster: string, ok: boolean) => ({
    ...{ run: `run-of-${etcdCluster}`, runbook: 'x', cluster: 'a.example.com', etcdCluster, steps: [] },
    ...(ok
      ? { status: 'succeeded' as const }
      : { status: 'failed' as const, error: { code: 'STEP_FAILED', message: 'no', hint: 'resume' } }),
  })
  const outcome = await runAll(sessionIn('/'), config, assess(found, over), { ...choice, ...over }, async (_, run) => {
    asked.push(run)
    const { etcdCluster } = run.target
    return { value: value(etcdCluster, etcdCluster !== fails), exitCode: etcdCluster === fails ? 30 : 0 }
  })
  return { ...outcome, asked }
}

describe('etcd clusters planned together', () => {
  test('the others come before main, and only the last run takes the fence away', async () => {
    const { value, exitCode, asked } = await pretend(both)
    expect(asked.map(({ plan }) => [plan.etcdCluster, plan.runbook.name, plan.inputs.unfence])).toEqual([
      ['events', 'return-in-place', false],
      ['main', 'return-in-place', true],
    ])
    expect(exitCode).toBe(0)
    expect(value).toMatchObject({ etcdCluster: 'main', proposal: { etcdCluster: 'main', method: 'return-in-place' } })
    expect(value.others).toMatchObject([{ etcdCluster: 'events', proposal: { etcdCluster: 'events' } }])
    expect(value).not.toHaveProperty('leftAlone')
  })

  test('one that needs nothing is left alone and told', async () => {
    const { value, asked } = await pretend({ ...both, events: { copies: healthy, live: alive } })
    expect(asked.map(({ target }) => target.etcdCluster)).toEqual(['main'])
    expect(value.leftAlone).toEqual([{ etcdCluster: 'events', why: expect.stringContaining('470,000') }])
  })

  test('the first that fails ends it; the way on is told', async () => {
    const { value, exitCode, asked } = await pretend(both, {}, 'events')
    expect(asked).toHaveLength(1)
    expect(exitCode).toBe(30)
    expect(value).toMatchObject({ run: 'run-of-events', etcdCluster: 'events', remaining: ['main'] })
    expect(value.error?.hint).toBe('resume; afterwards, for etcd main: etcd-rescue recover')
    expect(runLines(value).at(-1)).toMatch(/^etcd main is still to be recovered: etcd-rescue runs resume run-of-events/)
  })

  test('a copy that is named is of its own etcd cluster alone', async () => {
    const other = ['a', 'b', 'c'].map((node) => ({ ...lost(node), id: `${node}:main`, token: 'main', clusterId: 'ee' }))
    const { asked } = await pretend(
      { ...both, main: { copies: [...running, ...other], live: empty } },
      { copy: 'b:main' },
    )
    expect(asked.map(({ plan }) => [plan.etcdCluster, plan.inputs.copy])).toEqual([
      ['events', 'a:/mnt/v/data-trashcan/old'],
      ['main', 'b:main'],
    ])
  })

  test('inputs are for the last run; what another does not know is not given to it; what none knows is USAGE', async () => {
    const seeded: Found = { ...both, main: { copies: [...running, lost('a')], live: empty } }
    const { asked } = await pretend(seeded, { inputs: { bumpRevision: 'off', repair: 'yes' } })
    expect(asked.map(({ plan }) => [plan.runbook.name, plan.inputs.bumpRevision, plan.inputs.repair])).toEqual([
      ['return-in-place', undefined, 'yes'],
      ['seed-in-place', 'off', 'yes'],
    ])
    const seats = { inputs: { seats: 'a=/mnt/v', without: 'b' } }
    const { asked: seated } = await pretend(both, seats)
    expect(seated.map(({ plan }) => [plan.etcdCluster, plan.inputs.seats, plan.inputs.without])).toEqual([
      ['events', '', 'b'],
      ['main', 'a=/mnt/v', 'b'],
    ])
    const rebuilt: Found = { main: { copies: [...running, lost('a')], live: empty, seats: untold } }
    const { asked: without } = await pretend(rebuilt, seats)
    expect(without.map(({ plan }) => [plan.runbook.name, plan.inputs.seats])).toEqual([
      ['rebuild-from-trashcan', undefined],
    ])
    await expect(pretend(both, { inputs: { nonsense: '1' } })).rejects.toMatchObject({ code: 'USAGE' })
  })
})
