import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import { type LeftNode, leftLine } from '../../../src/engine/events.ts'
import type { AnyStep, StepContext } from '../../../src/engine/step.ts'
import { waitUntil } from '../../../src/engine/wait.ts'
import type { LocalEtcd } from '../../../src/ports/etcd.ts'
import type { World } from '../../../src/ports/world.ts'
import type { Copy } from '../../../src/steps/facts.ts'
import { registry } from '../../../src/steps/registry.ts'

/** Has every version, and runs none. */
const anyEtcd: LocalEtcd = {
  ...memoryWorld().etcd,
  find: async (minor) => ({ version: `${minor}.0`, minor, etcd: '/etcd', etcdctl: '/etcdctl' }),
}

export interface StepTest {
  facts?: Record<string, unknown>
  inputs?: unknown
  world?: Partial<World>
  /** What an earlier attempt has remembered by `once`. */
  remembered?: Map<string, unknown>
}

export function stepOf(id: string): AnyStep {
  const step = registry.steps.get(id)
  if (!step) throw new Error(`no step ${id}`)
  return step
}

/** A step's context without an engine: what it notes, prints and remembers can be looked at afterwards. */
export function contextOf(id: string, { facts = {}, inputs = {}, world: over, remembered = new Map() }: StepTest) {
  const world = memoryWorld({ etcd: anyEtcd, ...over })
  const notes: string[] = []
  const tables: string[][][] = []
  const left: LeftNode[] = []
  const { signal } = new AbortController()
  const context: StepContext<unknown, unknown> = {
    world,
    runId: '20240321T130205Z-k3f9aq',
    inputs: stepOf(id).inputs.parse(inputs),
    needs: facts,
    settled: Promise.resolve(facts),
    once: async (key, make) => {
      if (!remembered.has(key)) remembered.set(key, await make())
      return remembered.get(key) as never
    },
    leave: async (one) => {
      left.push(one)
      notes.push(`careful: ${leftLine(one)}`)
    },
    left,
    recall: (key) => remembered.get(key),
    note: (line) => void notes.push(line),
    table: (columns, rows) => void tables.push([columns, ...rows]),
    progress: () => {},
    until: (condition) =>
      waitUntil(condition, {
        clock: world.clock,
        signal,
        loopSeconds: world.target.loopSeconds,
        onWaiting: () => {},
        next: 'etcd-rescue runs resume r1',
        safePoint: () => {},
      }),
    signal,
  }
  return { context, notes, tables, left, world, remembered }
}

/** check → act → verify, as the engine does it. */
export async function runStep(id: string, options: StepTest) {
  const step = stepOf(id)
  const made = contextOf(id, options)
  await step.check?.(made.context as never)
  const gives = (await step.act(made.context as never)) as Record<string, unknown>
  await step.verify?.(made.context as never, gives)
  return { ...made, gives }
}

export function copyOf(over: Partial<Copy> = {}): Copy {
  return {
    id: 'a:old',
    node: 'a',
    token: 'old',
    path: '/mnt/v/data-trashcan/old',
    place: 'trashcan',
    serving: false,
    etcdCluster: 'main',
    clusterId: 'cc',
    etcdVersion: '3.5.30',
    revision: 900,
    sizeBytes: 1_000_000,
    walBytes: 64_000_000,
    findings: [],
    ...over,
  }
}
