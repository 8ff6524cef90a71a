import { Config } from '@oclif/core'

/** The reference of all commands as Markdown. `packageRoot` is a built package. */
export async function commandsPage(packageRoot) {
  const config = await Config.load(packageRoot)
  const own = config.commands.filter(({ pluginName }) => pluginName === config.name)
  const sorted = own.sort((a, b) => (a.id < b.id ? -1 : 1))
  const intro = [
    '# Commands',
    'Made by `npm run docs` from the commands themselves.',
    'Every command also takes `--json`, `--config FILE`, `--name CLUSTER`, `--state URL`, `--work-dir DIR`, `--verbose`.',
    'Exit codes: [exit-codes.md](exit-codes.md).',
  ]
  return `${[...intro, ...sorted.map(section)].join('\n\n')}\n`
}

function section({ id, summary, description, args, flags }) {
  const words = Object.values(args).map(({ name, required }) =>
    required ? name.toUpperCase() : `[${name.toUpperCase()}]`,
  )
  const own = Object.values(flags).filter(({ helpGroup }) => helpGroup !== 'GLOBAL')
  const rows = [...Object.values(args).map(argRow), ...own.map(flagRow)]
  const table = rows.length === 0 ? [] : ['', '| | |', '|---|---|', ...rows]
  const title = `## \`${[id.replaceAll(':', ' '), ...words].join(' ')}\``
  return [title, '', `${summary}.`, ...(description ? ['', description] : []), ...table].join('\n')
}

const argRow = ({ name, description }) => `| ${name.toUpperCase()} | ${cell(description)} |`

function flagRow({ name, char, type, helpValue, options, summary, default: preset, required }) {
  const value = type === 'boolean' ? '' : ` ${cell(helpValue ?? options?.join('|') ?? 'N')}`
  const extra = [
    ...(preset === undefined || preset === false ? [] : [`default ${preset}`]),
    ...(required ? ['required'] : []),
  ]
  const note = extra.length === 0 ? '' : ` (${extra.join(', ')})`
  return `| \`${char ? `-${char}, ` : ''}--${name}${value}\` | ${cell(summary)}${note} |`
}

const cell = (text = '') => text.replaceAll('|', '\\|')
