import type { Registry } from '../engine/step.ts'
import type { Entry } from './entries.ts'
import { confirmOf, idOf, type RuleInput, stepOf, usesOf } from './entry.ts'
import { parseWhen, referencesIn } from './expressions.ts'
import { didYouMean } from './nearest.ts'
import type { Problem } from './problems.ts'
import { withProblems } from './with-rules.ts'

/** Rules for one step each; those between steps are in `flow.ts`. */
export function stepProblems(input: RuleInput): Problem[] {
  return [
    ...duplicates(input.entries),
    ...input.entries.flatMap((entry) => [
      ...unknownStep(entry, input.registry),
      ...confirmProblems(entry, input.registry),
      ...groupProblems(entry, input.registry),
      ...conditionProblems(entry, input),
      ...referenceProblems(entry, input),
      ...withProblems(entry, input),
    ]),
  ]
}

function duplicates(entries: readonly Entry[]): Problem[] {
  const seen = new Set<string>()
  return entries.flatMap((entry) => {
    const id = idOf(entry)
    if (id !== '' && !seen.has(id)) {
      seen.add(id)
      return []
    }
    if (id === '') return [{ path: entry.path, message: 'a step has no id', wayOut: 'add id: with the name of a step' }]
    return [
      {
        path: entry.path,
        message: `the id ${JSON.stringify(id)} is used twice`,
        wayOut: `give one another id:, with uses: ${usesOf(entry)}`,
      },
    ]
  })
}

function unknownStep(entry: Entry, registry: Registry): Problem[] {
  const uses = usesOf(entry)
  if (entry.kind !== 'uses') {
    if (!registry.steps.has(uses)) return []
    return [
      {
        path: entry.path,
        message: `${JSON.stringify(uses)} is the name of a built-in step`,
        wayOut: 'give your own step another id',
      },
    ]
  }
  if (uses === '' || registry.steps.has(uses)) return []
  const key = entry.value.uses === undefined ? 'id' : 'uses'
  return [
    {
      path: entry.group === undefined ? [...entry.path, key] : entry.path,
      message: `unknown step ${JSON.stringify(uses)}`,
      wayOut: didYouMean(uses, registry.steps.keys()),
    },
  ]
}

function confirmProblems(entry: Entry, registry: Registry): Problem[] {
  const step = stepOf(entry, registry)
  if (step?.effect !== 'irreversible' || confirmOf(entry, step) !== 'none') return []
  return [
    {
      path: [...entry.path, 'confirm'],
      message: `${idOf(entry)} cannot be taken back and wants a confirmation`,
      wayOut: 'write confirm: type-cluster',
    },
  ]
}

function groupProblems(entry: Entry, registry: Registry): Problem[] {
  if (entry.group === undefined || entry.kind !== 'uses') return []
  const problems: Problem[] = []
  if (stepOf(entry, registry)?.effect === 'irreversible') {
    problems.push({
      path: entry.path,
      message: `${idOf(entry)} cannot be taken back, so it runs alone`,
      wayOut: 'move it out of together:',
    })
  }
  if (entry.value.when !== undefined) {
    problems.push({
      path: entry.path,
      key: 'when',
      message: 'steps that run together have one condition',
      wayOut: 'write when: beside together:',
    })
  }
  return problems
}

function conditionProblems(entry: Entry, { inputs, registry }: RuleInput): Problem[] {
  if (entry.when === undefined) return []
  const path = entry.group === undefined ? [...entry.path, 'when'] : [...entry.path.slice(0, 2), 'when']
  const when = parseWhen(entry.when)
  if (!when)
    return [
      {
        path,
        message: `${JSON.stringify(entry.when)} is no condition`,
        wayOut: 'write inputs.NAME, !inputs.NAME, fact.NAME, !fact.NAME or fact.NAME.FIELD',
      },
    ]
  const known = Object.keys(when.kind === 'fact' ? registry.facts : inputs)
  if (known.includes(when.name)) return []
  return [{ path, message: `unknown ${when.kind} ${JSON.stringify(when.name)}`, wayOut: didYouMean(when.name, known) }]
}

function referenceProblems(entry: Entry, { inputs }: RuleInput): Problem[] {
  const { inputs: names, wrong } = referencesIn(entry.value)
  const known = Object.keys(inputs)
  const unknown = names.filter((name) => !known.includes(name))
  return [
    ...unknown.map((name) => ({
      path: entry.path,
      message: `unknown input ${JSON.stringify(name)}`,
      wayOut: didYouMean(name, known),
    })),
    ...wrong.map((text) => ({
      path: entry.path,
      message: `${JSON.stringify(text)} is no reference`,
      wayOut: 'between the braces stands inputs.NAME and nothing else',
    })),
  ]
}
