import { resolve } from 'node:path'
import { liveKv, peekMember } from '../../bolt/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { applicable, decodeObject, decodeWhole, kindOf } from '../../kube/index.ts'
import type { ExtractValue } from '../../ui/extract.ts'
import { many } from '../../words/numbers.ts'
import type { Session } from '../session.ts'
import { type OpenedSource, withSource } from '../sources/index.ts'
import { type Match, matchOf, type Wanted, wantsSecrets } from './match.ts'
import { fileSink, type Sink, streamSink } from './sink.ts'
import { toYaml } from './yaml.ts'

export type { ExtractValue } from '../../ui/extract.ts'

export interface ExtractOptions extends Wanted {
  source: string
  etcdCluster: string
  includeSecrets: boolean
  /** A file, or `-` for stdout on purpose. */
  output?: string | undefined
}

/**
 * Objects out of a copy, ready for `kubectl apply`, as YAML documents or in the value (`--json`). Secrets only when they
 * are asked for, and never onto a terminal by accident. `PRECONDITION` when nothing matches.
 */
export async function extractObjects(session: Session, options: ExtractOptions): Promise<ExtractValue> {
  const match = matchOf(options)
  if (wantsSecrets(options) && !options.includeSecrets) throw notAsked()
  const toFile = options.output !== undefined && options.output !== '-'
  if (options.includeSecrets && options.output === undefined && process.stdout.isTTY) throw notOnScreen()
  try {
    return await withSource(session, options, async (opened, { signal }) => {
      const extraction = new Extraction(match, options, session.json && !toFile)
      const path = toFile ? resolve(session.sources.cwd, options.output ?? '') : undefined
      const sink = await sinkOf(path, session.json)
      try {
        await extraction.take(opened, sink, signal)
        await sink.finish()
      } finally {
        await sink.close()
      }
      return {
        ...extraction.value(opened),
        ...(path === undefined ? {} : { output: path }),
        notes: await notesOn(opened),
      }
    })
  } finally {
    session.screen.end()
  }
}

function sinkOf(path: string | undefined, json: boolean): Promise<Sink> | Sink {
  if (path !== undefined) return fileSink(path)
  return json ? { write: async () => {}, finish: async () => {}, close: async () => {} } : streamSink(process.stdout)
}

class Extraction {
  private readonly counts = { written: 0, secretsLeftOut: 0, incomplete: 0 }
  private readonly leftOut: Record<string, number> = {}
  private readonly encrypted: Record<string, number> = {}
  private readonly objects: Record<string, unknown>[] = []
  private readonly match: Match
  private readonly includeSecrets: boolean
  private readonly keep: boolean

  constructor(match: Match, { includeSecrets }: ExtractOptions, keep: boolean) {
    this.match = match
    this.includeSecrets = includeSecrets
    this.keep = keep
  }

  async take({ db, label }: OpenedSource, sink: Sink, signal: AbortSignal): Promise<void> {
    const seen = new Set<string>()
    let matched = 0
    for await (const { key, value } of liveKv(db, { signal })) {
      const named = kindOf(key)
      if (named && seen.size < 200) seen.add(named.resource)
      if (!named || !this.match.key(named)) continue
      const manifest = this.manifestOf(value, named.resource)
      if (manifest === undefined) continue
      matched++
      if (manifest === 'left-out') continue
      this.counts.written++
      if (this.keep) this.objects.push(manifest)
      else await sink.write(await toYaml(manifest))
    }
    if (matched === 0) throw nothing(label, [...seen])
  }

  value({ label }: OpenedSource): Omit<ExtractValue, 'notes' | 'output'> {
    const { leftOut, encrypted, objects } = this
    return { source: label, ...this.counts, leftOut, encrypted, ...(this.keep ? { objects } : {}) }
  }

  /** `undefined`: it does not match. Each object that matches and is not given is counted, with the reason. */
  private manifestOf(value: Buffer, resource: string): Record<string, unknown> | 'left-out' | undefined {
    const object = decodeObject(value)
    // the labels of an encrypted object are encrypted too
    if (!object.encryption && !this.match.object(object)) return undefined
    if (resource === 'secrets' && !this.includeSecrets) {
      this.counts.secretsLeftOut++
      return 'left-out'
    }
    if (object.encryption) {
      count(this.encrypted, `${object.encryption.provider}, key ${object.encryption.keyName}`)
      return 'left-out'
    }
    const whole = decodeWhole(value)
    if (!whole) {
      count(this.leftOut, object.kind ?? resource)
      return 'left-out'
    }
    if (whole.unknownFields > 0) this.counts.incomplete++
    return applicable(whole)
  }
}

const MAX_NAMES = 1000

function count(counts: Record<string, number>, name: string): void {
  if (Object.hasOwn(counts, name) || Object.keys(counts).length < MAX_NAMES) counts[name] = (counts[name] ?? 0) + 1
}

async function notesOn({ db, wal, snap }: OpenedSource): Promise<string[]> {
  const { walWrites = 0 } = await peekMember(db, wal, snap)
  return walWrites === 0
    ? []
    : [`only in the WAL, and not in what was read: ${many(walWrites, 'write')}; recover brings them back`]
}

function notAsked(): RescueError {
  return new RescueError('PRECONDITION', 'Secrets are in the clear in there, and are only given when asked for', {
    hint: 'add --include-secrets, and --output FILE for a file that only you can read',
  })
}

function notOnScreen(): RescueError {
  return new RescueError('PRECONDITION', 'Secrets are not written to a terminal', {
    hint: 'name a file: --output FILE (readable by you alone); or --output - on purpose',
  })
}

function nothing(label: string, resources: string[]): RescueError {
  return new RescueError('PRECONDITION', `nothing in ${label} matches`, {
    hint: `there are: ${resources.sort().slice(0, 40).join(', ') || 'no objects of Kubernetes'}`,
  })
}
