import type { EngineEvent } from '../engine/events.ts'
import { finalLines } from './final.ts'
import type { Style } from './style.ts'
import { tableLines } from './table.ts'
import { clean, duration } from './text.ts'

export interface LineOptions {
  style: Style
  /** Show every call, not only those that a dry run withheld. */
  verbose: boolean
  /** See `typedHere`. */
  given?: string
  /** Columns of a terminal; a log has no edge. */
  width?: () => number | undefined
}

type Of<T extends EngineEvent['type']> = Extract<EngineEvent, { type: T }>

/** What an event puts on paper, the same for a terminal and a log. Progress and waiting are each screen's own. */
export class Lines {
  readonly #style: Style
  readonly #verbose: boolean
  readonly #width: () => number | undefined

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
        return [this.#finished(event)]
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

  #call({ withheld, where, line }: Of<'call'>): string[] {
    // A dry run shows what it withheld; hundreds of reads would bury it.
    if (!this.#verbose && !withheld) return []
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
