import type { Registry } from '../engine/step.ts'
import type { Entry } from './entries.ts'
import { idOf, type RuleInput, stepOf } from './entry.ts'
import { parseWhen } from './expressions.ts'
import type { Problem } from './problems.ts'

/**
 * Rules between steps: what a step needs, an earlier one gives, and gives it whenever the later one runs.
 * `broken` are steps that could not be parsed; their facts count as given.
 */
export function flowProblems({ entries, registry }: RuleInput, broken: readonly string[]): Problem[] {
  const assumed = new Set(broken.flatMap((id) => registry.steps.get(id)?.gives ?? []))
  return entries.flatMap((entry, index) => {
    const before = entries.slice(0, index)
    const wanted = needsOf(entry, registry).filter((fact) => !assumed.has(fact))
    return wanted.flatMap((fact) => needProblem(fact, entry, before, entries.slice(index + 1), registry))
  })
}

function needsOf(entry: Entry, registry: Registry): string[] {
  const when = entry.when === undefined ? undefined : parseWhen(entry.when)
  const looked = when?.kind === 'fact' && when.name in registry.facts ? [when.name] : []
  return [...new Set([...(stepOf(entry, registry)?.needs ?? []), ...looked])]
}

function needProblem(
  fact: string,
  entry: Entry,
  before: readonly Entry[],
  after: readonly Entry[],
  registry: Registry,
): Problem[] {
  const gives = (other: Entry) => stepOf(other, registry)?.gives.includes(fact) === true
  const givers = before.filter(gives)
  const name = idOf(entry)
  if (givers.length === 0) {
    return [
      {
        path: entry.path,
        message: `${name} needs ${fact}, which no earlier step gives`,
        wayOut: wayTo(fact, after.find(gives), name, registry),
      },
    ]
  }
  const sure = givers.some((giver) => giver.when === undefined || giver.when === entry.when)
  if (sure || entry.when?.trim() === `fact.${fact}` || onlyLooks(fact, entry, registry)) return []
  const giver = givers.at(-1)
  return [
    {
      path: entry.path,
      message: `${name} needs ${fact}, which ${giver ? idOf(giver) : ''} gives only when ${giver?.when}`,
      wayOut: `give ${name} the condition when: fact.${fact}`,
    },
  ]
}

/** A condition on a fact that may be missing is what such conditions are for. */
function onlyLooks(fact: string, entry: Entry, registry: Registry): boolean {
  return stepOf(entry, registry)?.needs.includes(fact) !== true
}

function wayTo(fact: string, later: Entry | undefined, name: string, registry: Registry): string {
  if (later) return `move ${idOf(later)} before ${name}`
  const able = [...registry.steps.values()].filter((step) => step.gives.includes(fact)).map((step) => step.id)
  return able.length === 0 ? 'no step gives it' : `add before it: - id: ${able[0]}`
}
