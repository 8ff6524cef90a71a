import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Config } from '@oclif/core'
import { expect, it } from 'vitest'
import { commandsPage } from '../../scripts/lib/commands-page.mjs'
import { testPackage } from '../support/cli.ts'

/** Scripts rely on these: whoever changes one changes test/golden/commands.json in the same commit, with `vitest -u`. */
it('the commands and flags are the ones of the golden file', async () => {
  const config = await Config.load(testPackage())
  const own = config.commands
    .filter(({ pluginName }) => pluginName === config.name)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const surface = Object.fromEntries(
    own.map(({ id, args, flags }) => [
      id.replaceAll(':', ' '),
      {
        args: Object.entries(args).map(([name, { required }]) => (required ? name : `[${name}]`)),
        flags: Object.fromEntries(
          Object.entries(flags)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, flag]) => [name, describeFlag(flag)]),
        ),
      },
    ]),
  )
  await expect(`${JSON.stringify(surface, undefined, 2)}\n`).toMatchFileSnapshot('../golden/commands.json')
})

interface Flag {
  type: string
  char?: string
  default?: unknown
  options?: readonly string[]
  required?: boolean
  multiple?: boolean
}

function describeFlag({ type, char, default: preset, options, required, multiple }: Flag): string {
  return [
    char === undefined ? '' : `-${char}`,
    type,
    options === undefined ? '' : options.join('|'),
    preset === undefined ? '' : `=${preset}`,
    required ? 'required' : '',
    multiple ? 'multiple' : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

it('docs/commands.md is what `npm run docs` writes', async () => {
  await expect(await commandsPage(testPackage())).toMatchFileSnapshot('../../docs/commands.md')
})

it('docs/commands.md has two cells in every row of its tables', () => {
  const rows = readFileSync(join(import.meta.dirname, '../../docs/commands.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
  expect(rows.length).toBeGreaterThan(50)
  expect(rows.filter((row) => row.replaceAll('\\|', '').split('|').length !== 4)).toEqual([])
})
