import { describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { assessAll, obstacle, openIn } from '../../src/app/recovery/assess.ts'
import type { RecoverChoice } from '../../src/app/recovery/choice.ts'
import type { Gathered } from '../../src/app/recovery/gather.ts'
import { askWhatIsOpen, assessed } from '../../src/app/recovery/open-questions.ts'
import { lost, NOW, running, trashed } from '../recovery/support.ts'
import { configOf, sessionIn } from './support.ts'

const config = configOf(['main'])
const kinds = { nodes: 0, pods: 0, namespaces: 4 }
const live = { keys: 30, clusterId: 'ff', members: ['2a', '2b', '2c'], revision: 40, kinds }
const unsearched = [{ node: 'a', why: 'find failed' }]

const gathered = (copies = [...running, ...trashed], over: Partial<Gathered> = {}): Gathered => ({
  ...{ etcdClusters: new Map([['main', { copies, live }]]), unsearched: [], bytesPerSecond: undefined, fenced: false },
  ...over,
})

const other = ['b', 'c'].map((node) =>
  lost(node, {
    ...{ id: `${node}:two`, token: 'two', path: '/mnt/v/data-trashcan/two', clusterId: 'dd', memberId: `9${node}` },
    ...{ members: ['9a', '9b', '9c'], recordsKept: 200_000, at: '2024-03-21T13:10:00Z' },
  }),
)

function stops(found: Gathered, asks: boolean, inputs: Record<string, string> = {}) {
  return obstacle(assessAll(found, config, { inputs }, NOW), asks, openIn(found, config, { inputs }))
}

describe('what was not searched', () => {
  test('stops a run that nobody watches, whatever else was found, unless the node was named', () => {
    const found = gathered(undefined, { unsearched })
    expect(stops(found, false)).toMatchObject({
      ...{ code: 'ANSWER_MISSING', exitCode: 20, message: /may hold newer data.*: a \(find failed\)/ },
      hint: expect.stringContaining('--set unsearched=a'),
    })
    expect(stops(found, true)).toBeUndefined()
    expect(stops(found, false, { unsearched: 'a' })).toBeUndefined()
    expect(stops(found, false, { down: 'a' })).toBeUndefined()
    expect(() => stops(found, false, { unsearched: 'd' })).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })

  test('is never "nothing needs a recovery", nor "no copy was found"', () => {
    for (const copies of [running, []])
      for (const asks of [true, false])
        expect(stops(gathered(copies, { unsearched }), asks)).toMatchObject({ code: 'ANSWER_MISSING' })
    expect(stops(gathered(running), false)).toMatchObject({ code: 'PRECONDITION', message: /nothing needs a recovery/ })
  })
})

/** c was searched whole, and has no volume. */
const withoutC = {
  copies: [...running, ...trashed].filter(({ node }) => node !== 'c'),
  ...{ live, seats: new Map([['c', { is: 'absent' } as const]]) },
}
const lacking = { etcdClusters: new Map([['main', withoutC]]) }

describe('a node without a volume', () => {
  test('is left out only by who is asked, or by name; the hint names the flag', () => {
    expect(stops(gathered([], lacking), false)).toMatchObject({
      ...{ code: 'ANSWER_MISSING', exitCode: 20 },
      message: 'c has no volume of etcd main, and its etcd-manager waits for one',
      hint: 'nothing was changed; attach the disk and begin again, or go on without: --set without=c',
    })
    expect(stops(gathered([], lacking), true)).toBeUndefined()
    expect(stops(gathered([], lacking), false, { without: 'c' })).toBeUndefined()
  })

  test('stops nothing where nothing is to be recovered', () => {
    const well = { etcdClusters: new Map([['main', { ...withoutC, copies: running.slice(0, 2) }]]) }
    expect(stops(gathered([], well), false)).toMatchObject({ message: /nothing needs a recovery/ })
  })
})

interface Shown {
  over?: Partial<Gathered>
  inputs?: Record<string, string>
  copies?: Parameters<typeof gathered>[0]
  open?: Gathered['unsearched']
  answers: Parameters<typeof memoryPrompter>[0]
}

function ask({ copies, open = [], answers, over, inputs = {} }: Shown) {
  const lines: string[] = []
  const session = sessionIn('/')
  const screen = { ...session.screen, listen: (event: object) => void lines.push((event as { line: string }).line) }
  const prompter = memoryPrompter(answers)
  const choice: RecoverChoice = { method: 'auto', inputs }
  const asking = {
    session: { ...session, screen },
    config,
    choice,
    prompter,
    gathered: gathered(copies, { unsearched: open, ...over }),
  }
  const assessments = assessed(asking)
  return { lines, prompter, done: askWhatIsOpen(asking, assessments) }
}

describe('on a terminal', () => {
  test('what was not searched is told first of all, and asked; the run is told the answer', async () => {
    const { lines, prompter, done } = ask({ open: unsearched, answers: { confirm: true } })
    expect(lines[0]).toBe('a was not searched, and may hold newer data: find failed')
    expect((await done).choice.inputs).toEqual({ unsearched: 'a' })
    expect(prompter.questions).toEqual([expect.stringMatching(/may hold newer data: find failed\. Go on without it\?/)])
    await expect(ask({ open: unsearched, answers: { confirm: false } }).done).rejects.toMatchObject({
      code: 'ANSWER_MISSING',
    })
  })

  test('of two clusters a person says which is right, by what they hold and when they ended', async () => {
    const { lines, done } = ask({ copies: [...running, ...trashed, ...other], answers: { select: 'b:two' } })
    expect(lines.join('\n')).toMatch(
      /b:two: about 200,000 keys, revision 5,001, trashed or last changed 2024-03-21 13:10/,
    )
    const { choice, assessments } = await done
    expect(choice.copy).toBe('b:/mnt/v/data-trashcan/two')
    expect(assessments).toMatchObject([{ need: 'lost', best: { method: 'return-in-place', source: { id: 'b:two' } } }])
  })

  test('a node without a volume is named in the proposal, and asked; the run is told the answer', async () => {
    const { lines, prompter, done } = ask({ over: lacking, answers: { confirm: true } })
    expect(lines[0]).toMatch(/^c has no volume of etcd main: goes on without it; .* rejoin-member --set node=c$/)
    const { choice, assessments } = await done
    expect(choice.inputs).toEqual({ without: 'c' })
    expect(assessments[0]?.volumeless).toBeUndefined()
    expect(prompter.questions).toEqual([
      'c has no volume of etcd main, and its etcd-manager waits for one. Go on without?',
    ])
    const also = ask({ over: lacking, inputs: { without: 'b' }, answers: { confirm: true } })
    expect((await also.done).choice.inputs).toEqual({ without: 'b,c' })
    await expect(ask({ over: lacking, answers: { confirm: false } }).done).rejects.toMatchObject({
      code: 'ANSWER_MISSING',
      hint: /--set without=c$/,
    })
  })

  test('nothing is asked where nothing is open', async () => {
    const { prompter, done } = ask({ answers: {} })
    expect((await done).choice).toMatchObject({ inputs: {} })
    expect(prompter.questions).toEqual([])
  })
})
