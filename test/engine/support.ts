import { z } from 'zod'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { memoryTarget, memoryWorld } from '../../src/adapters/memory/world.ts'
import {
  type EngineEvent,
  type Journal,
  memoryJournal,
  type NewRun,
  type RunOptions,
  runPlan,
  stopSwitch,
} from '../../src/engine/index.ts'
import type { AnyStep, Registry } from '../../src/engine/step.ts'
import type { World } from '../../src/ports/world.ts'
import { loadRunbook, type Plan, planRunbook } from '../../src/runbook/index.ts'

export function step(over: Partial<AnyStep> & { id: string }): AnyStep {
  const changes = over.effect && over.effect !== 'read' ? [`changes of ${over.id}`] : []
  return {
    title: `title of ${over.id}`,
    effect: 'read',
    needs: [],
    gives: [],
    inputs: z.strictObject({}),
    describe: () => ({ reads: [`reads of ${over.id}`], changes }),
    act: async () => Object.fromEntries((over.gives ?? []).map((name) => [name, `${name} of ${over.id}`])),
    ...over,
  }
}

export function registryOf(steps: readonly AnyStep[]): Registry {
  const facts = steps.flatMap(({ gives }) => gives).map((name) => [name, z.string()])
  return { steps: new Map(steps.map((one) => [one.id, one])), facts: Object.fromEntries(facts) }
}

/** A plan of these steps in this order, or of the lines of YAML below `steps:`. */
export function planOf(
  steps: readonly AnyStep[],
  lines?: string,
  given: Record<string, unknown> = {},
  head = '',
): Plan {
  const registry = registryOf(steps)
  const body = lines ?? steps.map(({ id }) => `  - id: ${id}`).join('\n')
  const text = `apiVersion: etcd-rescue/v1\nname: t\ntitle: T\n${head}\nsteps:\n${body}\n`
  return planRunbook(loadRunbook({ file: 't.yaml', text }, registry), registry, memoryTarget, given)
}

export function newRun(plan: Plan, now = () => new Date('2024-03-21T13:02:05Z')): NewRun {
  return { runbook: plan.runbook, inputs: plan.inputs, target: memoryTarget, tool: '0.0.0', now }
}

/** Runs a plan with a journal in memory and everything that a test wants to look at afterwards. */
export async function runIt(
  plan: Plan,
  over: { world?: Partial<World>; journal?: Journal; options?: Partial<RunOptions> } = {},
) {
  const events: EngineEvent[] = []
  const journal = over.journal ?? memoryJournal(newRun(plan))
  const world = memoryWorld({ prompter: memoryPrompter({ confirm: true, name: memoryTarget.cluster }), ...over.world })
  const stop = stopSwitch()
  const result = await runPlan(plan, world, journal, { emit: (event) => events.push(event), stop, ...over.options })
  const statuses = Object.fromEntries(result.steps.map(({ id, status }) => [id, status]))
  return { result, events, journal, world, statuses }
}
