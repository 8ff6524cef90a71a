import type { EngineEvent } from '../engine/events.ts'
import { count } from '../words/numbers.ts'
import { finalLines } from './final.ts'
import type { Style } from './style.ts'
import { tableLines } from './table.ts'
import { clean, duration } from './text.ts'

export interface LineOptions {
  style: Style
  /** Show every call, also those that a dry run withheld: else it tells what they were for. */
  verbose: boolean
  /** See `typedHere`. */
  given?: string
  /** Columns of a terminal; a log has no edge. */
  width?: () => number | undefined
}

/** No place: the change says it. */
const BY_HAND = 'by hand'
/** A batch of restarts may be on thousands. */
const PLACES = 20

function listed(places: readonly string[]): string {
  const more = places.length - PLACES
  return [...places.slice(0, PLACES).map(clean), ...(more > 0 ? [`and ${count(more)} more`] : [])].join(', ')
}

type Of<T extends EngineEvent['type']> = Extract<EngineEvent, { type: T }>

/** What an event puts on paper, the same for a terminal and a log. Progress and waiting are each screen's own. */
export class Lines {
  readonly #style: Style
  readonly #verbose: boolean
  readonly #width: () => number | undefined
  /** Where a step's calls were withheld, by its id. */
  readonly #withheld = new Map<string, Set<string>>()

  constructor({ style, verbose, width = () => undefined }: LineOptions) {
    this.#style = style
    this.#verbose = verbose
    this.#width = width
  }

  of(event: EngineEvent): string[] {
    switch (event.type) {
      case 'run-started':
        return this.#started(event)
      case 'call':
        return this.#call(event)
      case 'note':
        return [this.#indent(event.line)]
      case 'table':
        return ['', ...this.#table(event), '']
      case 'step-finished':
        return [this.#finished(event), ...this.#wouldChange(event)]
      case 'step-failed':
        return [this.#failed(event)]
      case 'run-finished':
        return finalLines(event, this.#style)
      default:
        return []
    }
  }

  #started(event: Of<'run-started'>): string[] {
    const { strong, faint } = this.#style
    const how = event.dryRun ? ', dry run: everything is read, nothing is changed' : event.resumed ? ', resumed' : ''
    const what = `${strong(clean(event.runbook))} on ${strong(clean(event.cluster))}, etcd ${clean(event.etcdCluster)}${how}`
    return [what, faint(`run ${event.run}`), '']
  }

  #call({ step, withheld, where, line }: Of<'call'>): string[] {
    if (withheld) this.#withheld.set(step, (this.#withheld.get(step) ?? new Set()).add(where))
    if (!this.#verbose) return []
    const text = `${where}: ${clean(line).replaceAll('\n', ' ')}`
    return [withheld ? this.#style.warn(`    ! ${text}`) : this.#style.faint(`    $ ${text}`)]
  }

  #finished({ step, status, seconds, attempts, why }: Of<'step-finished'>): string {
    const { mark, good, bad, warn, faint } = this.#style
    const colour = { done: good, failed: bad, skipped: faint, withheld: warn, undone: warn }[status]
    const again = attempts > 1 ? `, attempt ${attempts}` : ''
    const because = why ? `  ${clean(why)}` : ''
    return `${colour(mark[status])} ${clean(step).padEnd(24)} ${faint(`${duration(seconds)}${again}`)}${because}`
  }

  /** What would be done, and where: the words of the plan, since a person cannot tell it from shell lines. */
  #wouldChange({ step, changes = [] }: Of<'step-finished'>): string[] {
    const places = [...(this.#withheld.get(step) ?? [])].filter((place) => place !== BY_HAND)
    this.#withheld.delete(step)
    const where = places.length === 0 || changes.length === 0 ? [] : [`      where: ${listed(places)}`]
    return [...changes.map((line) => `    ! ${clean(line).replaceAll('\n', ' ')}`), ...where].map((row) =>
      this.#style.warn(row),
    )
  }

  #failed({ step, error }: Of<'step-failed'>): string {
    return this.#style.bad(`  ${clean(step)}: ${clean(error.message)}`)
  }

  #table({ columns, rows }: Of<'table'>): string[] {
    const width = this.#width()
    const lines = tableLines(columns, rows, width === undefined ? undefined : width - 2)
    return lines.map((line) => `  ${line}`)
  }

  #indent(text: string): string {
    return clean(text)
      .split('\n')
      .map((line) => `    ${line}`)
      .join('\n')
  }
}
