import { remarks } from './render.ts'
import type { Plan, PlanItem } from './types.ts'

/** A plan as a Markdown document, to read and to do by hand: `runbooks show`. */
export function renderMarkdown(plan: Plan): string {
  const { runbook } = plan
  const parts = [
    `# ${oneLine(runbook.title)}`,
    runbook.description.trim(),
    ...inputTable(plan),
    '## Steps',
    ...plan.items.map(section),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function inputTable({ runbook, inputs }: Plan): string[] {
  const rows = Object.entries(runbook.inputs).map(
    ([name, spec]) => `| \`${name}\` | ${cell(spec.description ?? '')} | \`${cell(String(inputs[name] ?? ''))}\` |`,
  )
  return rows.length === 0 ? [] : ['## Inputs', ['| `--set` | what | value |', '|---|---|---|', ...rows].join('\n')]
}

function section(item: PlanItem, index: number): string {
  const lines = [
    `### ${index + 1}. ${item.id}`,
    '',
    oneLine(item.title),
    '',
    ...item.reads.map((line) => `- reads ${oneLine(line)}`),
    ...item.changes.map((line) => `- **changes** ${oneLine(line)}`),
    ...remarks(item).map((line) => `- ${line}`),
  ]
  return lines.join('\n').trimEnd()
}

const oneLine = (text: string) => text.replace(/\s*\n\s*/g, ' ')
const cell = (text: string) => oneLine(text).replaceAll('|', '\\|')
