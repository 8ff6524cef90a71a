import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { EXIT, errorTable } from '../../src/errors/table.ts'

const rowsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => /^\| (`?[A-Z_]+`?|\d+) \|/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))

describe('docs/exit-codes.md', async () => {
  const rows = rowsOf(await readFile(new URL('../../docs/exit-codes.md', import.meta.url), 'utf8'))

  it('lists every error code with its exit code and meaning, and no other', () => {
    const documented = rows
      .filter(([, code = '']) => /^[A-Z]/.test(code))
      .map(([, code, exit, meaning]) => [code, Number(exit), meaning])
    expect(documented).toEqual(Object.entries(errorTable).map(([code, { exit, meaning }]) => [code, exit, meaning]))
  })

  it('lists every exit code, and errors use no other', () => {
    const codes = rows.filter(([, code = '']) => /^\d/.test(code)).map(([, code]) => Number(code))
    expect(codes).toEqual(Object.values(EXIT))
    for (const { exit } of Object.values(errorTable)) expect(codes).toContain(exit)
  })
})
