import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { EngineEvent } from '../../src/engine/events.ts'
import { openScreen } from '../../src/ui/open-screen.ts'
import { plainScreen } from '../../src/ui/plain.ts'
import { styleFor } from '../../src/ui/style.ts'
import { tableLines } from '../../src/ui/table.ts'
import { clean, cut, duration, shellWords } from '../../src/ui/text.ts'

const started: EngineEvent = {
  type: 'run-started',
  run: 'r1',
  runbook: 'rebuild-from-trashcan',
  cluster: 'a.example.com',
  etcdCluster: 'main',
  dryRun: false,
  resumed: false,
}
const call = (withheld: boolean): EngineEvent => ({
  type: 'call',
  step: 'fetch-member',
  where: 'a',
  effect: withheld ? 'change' : 'read',
  withheld,
  line: 'ls /mnt',
})
const progress = (done: number): EngineEvent => ({
  type: 'progress',
  step: 'fetch-member',
  label: 'a',
  done,
  total: 1000,
  unit: 'bytes',
})
const failed: EngineEvent = {
  type: 'run-finished',
  status: 'failed',
  seconds: 75,
  error: { code: 'STORE_FAILED', message: 'the store answered 503', hint: 'try again: etcd-rescue runs resume r1' },
  unchanged: ['the trashcans on a, b and c'],
  changed: ['s3://x/backup was written'],
  next: ['etcd-rescue runs resume r1'],
}

function capture(isTTY = false) {
  const output = Object.assign(new PassThrough(), { isTTY, columns: 100 })
  let text = ''
  output.on('data', (chunk) => {
    text += chunk
  })
  return { output, text: () => text }
}

describe('a log', () => {
  const play = (events: EngineEvent[], { verbose = false, at = () => 0 } = {}) => {
    const { output, text } = capture()
    const screen = plainScreen(output, { style: styleFor(output, {}), verbose }, at)
    for (const event of events) screen.listen(event)
    return text()
  }

  it('has whole lines and no escape sequences', () => {
    const text = play([
      started,
      { type: 'step-started', step: 'fetch-member', title: 'fetch the copy', effect: 'local', attempt: 1 },
      { type: 'note', step: 'fetch-member', line: 'from a\u001b[2J\u0007' },
      { type: 'step-finished', step: 'fetch-member', status: 'done', seconds: 1.25, attempts: 2 },
    ])
    expect(text).toBe(
      [
        'rebuild-from-trashcan on a.example.com, etcd main',
        'run r1',
        '',
        '  fetch-member: fetch the copy',
        '    from a',
        'ok fetch-member             1.3 s, attempt 2',
        '',
      ].join('\n'),
    )
  })

  it('shows calls when asked, and in a dry run what they would be for, and where', () => {
    expect(play([started, call(false)])).not.toContain('ls /mnt')
    expect(play([started, call(false)], { verbose: true })).toContain('$ a: ls /mnt')
    const on = (where: string) => ({ ...call(true), where }) as EngineEvent
    const finished = {
      type: 'step-finished',
      step: 'fetch-member',
      status: 'withheld',
      seconds: 0,
      attempts: 1,
    } as const
    const changes = ['API servers stopped', 'their manifests set aside']
    const dry = [{ ...started, dryRun: true }, call(false), on('a'), on('a'), on('b'), { ...finished, changes }]
    expect(play(dry)).not.toMatch(/ls \/mnt/)
    expect(play(dry)).toContain('\n    ! API servers stopped\n    ! their manifests set aside\n      where: a, b\n')
    expect(play(dry, { verbose: true })).toContain('! a: ls /mnt')
    const many = Array.from({ length: 1022 }, (_, at) => on(`w${at}`))
    expect(play([...many, { ...finished, changes }])).toMatch(/where: w0, .* w19, and 1,002 more\n/)
    // one that is not reached at all
    expect(play([{ ...finished, why: 'needs more', changes }])).toMatch(/needs more\n {4}! API servers stopped\n/)
  })

  it('tells of a long transfer every ten seconds, with rate and time left', () => {
    let now = 0
    const { output, text } = capture()
    const screen = plainScreen(output, { style: styleFor(output, {}), verbose: false }, () => now)
    for (now = 0; now <= 25_000; now += 100) screen.listen(progress(now / 100))
    expect(text().trim().split('\n')).toEqual([
      'a: 10%, 100 B of 1 kB, 10 B/s, 1 min 30 s left',
      '    a: 20%, 200 B of 1 kB, 10 B/s, 1 min 20 s left',
    ])
  })

  it('ends with what is as it was, what is not, and what to type', () => {
    expect(play([failed])).toBe(
      [
        '',
        'Failed after 1 min 15 s.',
        '',
        'the store answered 503  (STORE_FAILED)',
        '  try again: etcd-rescue runs resume r1',
        '',
        'Not done',
        '  the trashcans on a, b and c',
        '',
        'Changed',
        '  s3://x/backup was written',
        '',
        'Next',
        '  etcd-rescue runs resume r1',
        '',
        '',
      ].join('\n'),
    )
  })
})

describe('a terminal', () => {
  it('draws bars, holds everything back under a question, and leaves a clean screen', async () => {
    const { output, text } = capture(true)
    const terminal = openScreen({
      output: output as unknown as NodeJS.WriteStream,
      env: { NO_COLOR: '1' },
      verbose: false,
    })
    terminal.listen(started)
    terminal.listen({
      type: 'step-started',
      step: 'fetch-member',
      title: 'fetch the copy',
      effect: 'local',
      attempt: 1,
    })
    terminal.listen(progress(500))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(text()).toContain('fetch the copy')
    expect(text()).toContain('50%')
    terminal.pause()
    const before = text()
    terminal.listen(progress(600))
    terminal.listen({ type: 'note', step: 'fetch-member', line: 'later' })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(text()).toBe(before)
    terminal.resume()
    expect(text().slice(before.length)).toContain('later')
    terminal.listen({ type: 'step-finished', step: 'fetch-member', status: 'done', seconds: 1, attempts: 1 })
    terminal.end()
    const after = text()
    expect(after).toContain('✔ fetch-member')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(text()).toBe(after)
  })

  it('has no bars in CI', () => {
    const ci = capture(true)
    openScreen({
      output: ci.output as unknown as NodeJS.WriteStream,
      env: { CI: '1', NO_COLOR: '1' },
      verbose: false,
    }).listen(progress(1))
    expect(ci.text()).toBe('')
  })
})

describe('text', () => {
  it('from outside cannot paint', () => {
    expect(clean('a\u001b[31mb\u001b]0;title\u0007c\rd\u0000e\u202ef\u009bg\th\ni')).toBe('abcdefg h\ni')
  })

  it('has durations, cuts, shell words and tables', () => {
    expect([0.04, 9.96, 59.4, 61, 3661].map(duration)).toEqual(['0.0 s', '10.0 s', '59 s', '1 min 01 s', '1 h 01 min'])
    expect(cut('abc', 3)).toBe('abc')
    expect(cut('abcd', 3)).toBe('ab…')
    expect(shellWords(['recover', '--copy', 'a:-x', "it's"])).toBe("recover --copy a:-x 'it'\\''s'")
    expect(
      tableLines(
        ['name', 'size'],
        [
          ['a', '9 B'],
          ['bcdef', '10 kB'],
        ],
      ),
    ).toEqual(['name    size', 'a        9 B', 'bcdef  10 kB'])
  })
})
