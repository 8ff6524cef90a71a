import { expect, test } from 'vitest'
import { widthOf, wrapLine, wrapQuestion } from '../../src/words/wrap.ts'

test('a line is broken between words, and goes on below what it says', () => {
  const line = '  touches: the backup store: what runs now is added as a backup; API servers, stopped meanwhile'
  expect(wrapLine(line, 60)).toEqual([
    '  touches: the backup store: what runs now is added as a',
    '           backup; API servers, stopped meanwhile',
  ])
  expect(wrapLine('    one two three four five six seven eight', 20)).toEqual([
    '    one two three',
    '      four five six',
    '      seven eight',
  ])
  expect(wrapLine(line, undefined)).toEqual([line])
  for (const width of [30, 40, 79, 80, 81, 140])
    for (const row of wrapLine(`${line} ${line}`, width)) expect(widthOf(row)).toBeLessThanOrEqual(width)
})

test('a word that is longer than a row stands alone, whole: a path can be copied', () => {
  const path = `/mnt/${'x'.repeat(60)}/data-trashcan/token`
  expect(wrapLine(`    a: 138 MB kept in ${path} on this machine`, 40)).toContainEqual(
    expect.stringMatching(` ${path}$`),
  )
})

test('a command can be pasted as it stands, with its remark below it', () => {
  const line =
    "  etcd-rescue runs resume 20261130T120000Z-abcdef --config '/a b/c.yaml' --yes   # only when the store is back again"
  expect(wrapLine(line, 50)).toEqual([
    '  etcd-rescue runs resume \\',
    '    20261130T120000Z-abcdef --config \\',
    "    '/a b/c.yaml' --yes",
    '    # only when the store is back again',
  ])
})

test('a question leaves room for its answer', () => {
  const question = 'The API servers serve 0 nodes. Stop them now?'
  expect(wrapQuestion(question, 60, 10)).toBe(question)
  expect(wrapQuestion(question, 46, 0)).toBe(question)
  // no room behind it: the answer has a row of its own
  expect(wrapQuestion(question, 50, 10)).toBe(question)
  expect(wrapQuestion(question, 30, 10)).toBe('The API servers serve 0 nodes.\nStop them now?')
})
