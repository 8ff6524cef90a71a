import type { EngineEvent } from '../engine/events.ts'
import { type LineOptions, Lines } from './lines.ts'
import { Transfer } from './progress.ts'
import type { Screen } from './screen.ts'
import type { Output } from './style.ts'
import { clean, duration } from './text.ts'
import { typedHere } from './typed-here.ts'

/** A CI log or a pipe: whole lines only, and of a long transfer or wait one line every ten seconds. */
export function plainScreen(output: Output, options: LineOptions, now = performance.now.bind(performance)): Screen {
  const lines = new Lines(options)
  const transfers = new Map<string, Transfer>()
  const spoken = new Map<string, number>()

  const due = (key: string): boolean => {
    const last = spoken.get(key)
    if (last === undefined) spoken.set(key, now())
    if (last === undefined || now() - last < 10_000) return false
    spoken.set(key, now())
    return true
  }
  const write = (text: string[]): void => {
    const lines = text.map((line) => typedHere(line, options.given))
    if (lines.length > 0) output.write(`${lines.join('\n')}\n`)
  }

  const progress = (event: Extract<EngineEvent, { type: 'progress' }>): void => {
    const key = `${event.step}/${event.label}`
    const transfer = transfers.get(key) ?? new Transfer(event)
    transfers.set(key, transfer)
    transfer.update(event, now())
    if (due(key)) write([`    ${transfer.label}: ${percent(transfer)}${transfer.figures}`])
  }

  const listen = (event: EngineEvent): void => {
    if (event.type === 'progress') progress(event)
    else if (event.type === 'step-started') write([`  ${event.step}: ${clean(event.title)}`])
    else if (event.type !== 'waiting') write(lines.of(event))
    else if (due(`${event.step} waiting`)) write([waitingText(event)])
  }

  return { listen, pause: () => {}, resume: () => {}, end: () => {} }
}

const percent = ({ part }: Transfer) => (part === undefined ? '' : `${Math.floor(part * 100)}%, `)

function waitingText({ condition, last, remainingSeconds }: Extract<EngineEvent, { type: 'waiting' }>): string {
  return `    waiting, ${duration(remainingSeconds)} left: ${clean(condition)}${last ? `; last seen: ${clean(last)}` : ''}`
}
