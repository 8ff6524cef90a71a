import { z } from 'zod'
import type { Target } from '../ports/target.ts'
import type { EventError, LeftNode, RunStatus, StepStatus } from './events.ts'

export type Facts = Record<string, unknown>

/** The first line of a journal: all that a resumed run needs to be the same run, also when files changed meanwhile. */
export interface RunHeader {
  type: 'run'
  version: 1
  run: string
  at: string
  tool: string
  runbook: { name: string; file: string; text: string }
  inputs: Record<string, unknown>
  target: Target
}

/** Which steps of the plan a run is about, and the facts that it takes from an earlier run. */
export interface Selection {
  from?: string
  only?: string
  facts: Facts
}

export type EventKind = 'call' | 'note' | 'table' | 'answer'

/** The other lines. Those of a step carry its id; `facts` are plain JSON. */
export type JournalRecord = { at: string } & (
  | { type: 'attempt'; attempt: number; pid: number; host: string }
  | ({ type: 'selection' } & Selection)
  | { type: 'started'; step: string }
  /** Written before a step begins to act: from here on it may have happened. */
  | { type: 'acting'; step: string }
  | { type: 'acted'; step: string; facts: Facts }
  | { type: 'once'; step: string; key: string; value: unknown }
  | { type: 'left'; step: string; left: LeftNode }
  | {
      type: 'finished'
      step: string
      status: StepStatus
      facts: Facts
      seconds: number
      attempts: number
      why?: string
    }
  | { type: 'failed'; step: string; error: EventError }
  | { type: 'undoing'; step: string }
  | { type: 'undone'; step: string }
  | { type: 'event'; step: string; kind?: EventKind | undefined; line: string }
  | { type: 'ended'; status: RunStatus; error?: EventError; seconds: number }
)

export type NewRecord = JournalRecord extends infer R ? (R extends { at: string } ? Omit<R, 'at'> : never) : never

// Loose: what a newer config adds to a target must survive a resume.
const node = z.looseObject({
  name: z.string(),
  address: z.string(),
  port: z.number(),
  root: z.string(),
  volumes: z.array(z.string()),
})
const target = z.looseObject({
  cluster: z.string(),
  etcdCluster: z.string(),
  backupStore: z.string(),
  nodes: z.looseObject({ controlPlane: z.array(node), workers: z.array(node), apiServers: z.array(node).optional() }),
  tools: z.looseObject({
    etcdBinDir: z.string().optional(),
    etcdManagerCtl: z.string().optional(),
    etcdFromNodes: z.boolean().optional(),
  }),
  log: z.string().optional(),
  loopSeconds: z.number(),
})

const header = z.object({
  type: z.literal('run'),
  version: z.literal(1),
  run: z.string(),
  at: z.string(),
  tool: z.string(),
  runbook: z.object({ name: z.string(), file: z.string(), text: z.string() }),
  inputs: z.record(z.string(), z.unknown()),
  target,
})

/** Undefined when a line is no header of a version that this tool knows. */
export function parseHeader(value: unknown): RunHeader | undefined {
  const parsed = header.safeParse(value)
  return parsed.success ? (parsed.data as RunHeader) : undefined
}

const facts = z.record(z.string(), z.unknown())
const error = z.object({ code: z.string(), message: z.string(), hint: z.string() })
const step = z.string()
const left = z.object({ node: z.string(), what: z.string(), command: z.string(), onNode: z.boolean() })
const status = z.enum(['done', 'skipped', 'withheld', 'failed', 'undone'])
const record = z.intersection(
  z.object({ at: z.string() }),
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('attempt'), attempt: z.number(), pid: z.number(), host: z.string() }),
    z.object({ type: z.literal('selection'), from: step.optional(), only: step.optional(), facts }),
    z.object({ type: z.literal('started'), step }),
    z.object({ type: z.literal('acting'), step }),
    z.object({ type: z.literal('acted'), step, facts }),
    z.object({ type: z.literal('once'), step, key: z.string(), value: z.unknown() }),
    z.object({ type: z.literal('left'), step, left }),
    z.object({
      type: z.literal('finished'),
      step,
      status,
      facts,
      seconds: z.number(),
      attempts: z.number(),
      why: z.string().optional(),
    }),
    z.object({ type: z.literal('failed'), step, error }),
    z.object({ type: z.literal('undoing'), step }),
    z.object({ type: z.literal('undone'), step }),
    z.object({
      type: z.literal('event'),
      step,
      // a journal that was written before there were kinds has none
      kind: z.enum(['call', 'note', 'table', 'answer']).optional(),
      line: z.string(),
    }),
    z.object({
      type: z.literal('ended'),
      status: z.enum(['succeeded', 'failed', 'cancelled', 'dry-run']),
      error: error.optional(),
      seconds: z.number(),
    }),
  ]),
)

/** Undefined when a line is no record: then the journal was damaged or written by a newer tool. */
export function parseRecord(value: unknown): JournalRecord | undefined {
  const parsed = record.safeParse(value)
  return parsed.success ? (parsed.data as JournalRecord) : undefined
}
