import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { shellQuote } from '../../src/shell/quote.ts'

const HOSTILE = [
  '',
  "'",
  "''",
  '"',
  '\\',
  "\\'",
  '$(id)',
  '`id`',
  '$HOME',
  '; exit 9',
  '&& exit 9',
  '| exit 9',
  '> /dev/full',
  '*',
  '~',
  '!!',
  '#x',
  '-n',
  '--',
  '{a,b}',
  'a b',
  '\t',
  '\n',
  'a\nb\n',
  '\r',
  '\u0001\u007f',
  'ä€😀',
  'it\'s; $(exit 9) `exit 9` "x" \\',
  '='.repeat(10_000),
]

describe('shellQuote', () => {
  test('a real sh gives every argument back byte for byte', () => {
    const out = execFileSync('sh', ['-c', shellQuote(['printf', '%s\\0', ...HOSTILE])], { encoding: 'utf8' })
    expect(out.split('\0')).toEqual([...HOSTILE, ''])
  })

  test('so do random arguments', () => {
    const alphabet = [...`'"\\$\`;&|<>*?[]{}()~!# \t\nabcä`]
    const any = () =>
      Array.from(
        { length: Math.floor(Math.random() * 12) },
        () => alphabet[Math.floor(Math.random() * alphabet.length)],
      )
    const args = Array.from({ length: 300 }, () => any().join(''))
    const out = execFileSync('sh', ['-c', shellQuote(['printf', '%s\\0', ...args])], { encoding: 'utf8' })
    expect(out.split('\0').slice(0, -1), JSON.stringify(args)).toEqual(args)
  })

  test('plain words stay readable, a NUL is refused', () => {
    expect(shellQuote(['tail', '-c', '+1', '--', '/mnt/x/db'])).toBe('tail -c +1 -- /mnt/x/db')
    expect(() => shellQuote(['a\0b'])).toThrow(TypeError)
  })
})
