import type { EngineEvent } from '../engine/events.ts'
import { count } from '../words/numbers.ts'
import { Rate } from './rate.ts'
import { amount, clean, duration } from './text.ts'

type Progress = Extract<EngineEvent, { type: 'progress' }>

/** One transfer as text: what, how much of how much, how fast, how long still. */
export class Transfer {
  readonly #rate = new Rate()
  #event: Progress

  constructor(event: Progress) {
    this.#event = event
  }

  update(event: Progress, at: number): void {
    this.#event = event
    this.#rate.add(at, event.done)
  }

  get label(): string {
    return clean(this.#event.label)
  }

  /** 0 to 1, or undefined when the total is not known. */
  get part(): number | undefined {
    const { done, total } = this.#event
    return total === undefined ? undefined : total === 0 ? 1 : Math.min(1, done / total)
  }

  get figures(): string {
    const { done, total, unit } = this.#event
    const perSecond = this.#rate.perSecond()
    const rate = perSecond === undefined || unit === 'items' ? [] : [`${rateText(perSecond, unit)}/s`]
    const left =
      perSecond && total !== undefined && total > done ? [`${duration((total - done) / perSecond)} left`] : []
    const amounts = total === undefined ? amount(done, unit) : `${amount(done, unit)} of ${amount(total, unit)}`
    return [amounts, ...rate, ...left].join(', ')
  }
}

const rateText = (perSecond: number, unit: Progress['unit']) =>
  unit === 'bytes' ? amount(perSecond, unit) : count(perSecond)

/** `█████░░░░░  50%` */
export function bar(part: number, width = 20): string {
  const full = Math.round(part * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${String(Math.floor(part * 100)).padStart(3)}%`
}
