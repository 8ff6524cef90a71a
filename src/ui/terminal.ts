import type { EngineEvent } from '../engine/events.ts'
import { wrapLine } from '../words/wrap.ts'
import { type LineOptions, Lines } from './lines.ts'
import { LiveRegion } from './live.ts'
import { bar, Transfer } from './progress.ts'
import type { Screen } from './screen.ts'
import type { Output } from './style.ts'
import { clean, duration } from './text.ts'
import { typedHere } from './typed-here.ts'

/** A terminal: one line a step, and below it what is going on now. */
export function terminalScreen(
  output: Output & NodeJS.WritableStream,
  options: LineOptions,
  now = performance.now.bind(performance),
): Screen {
  const width = () => output.columns ?? 80
  const lines = new Lines({ ...options, width })
  const live = new LiveRegion(output)
  const transfers = new Map<string, Transfer>()

  let held: string[] | undefined

  const listen = (event: EngineEvent): void => {
    if (event.type === 'progress') transfer(event)
    else if (event.type === 'waiting') live.set(`${event.step}/waiting`, () => waitingText(event))
    else if (event.type === 'step-started') started(event, now())
    else {
      if (event.type === 'step-finished') finish(event.step)
      print(lines.of(event))
    }
  }

  function print(text: string[]): void {
    if (text.length === 0) return
    if (held !== undefined) {
      held.push(...text)
      return
    }
    live.clear()
    const rows = text
      .flatMap((one) => one.split('\n'))
      .flatMap((line) => wrapLine(typedHere(line, options.given), width()))
    output.write(`${rows.join('\n')}\n`)
  }

  /** While a question stands on the screen nothing may move it. */
  function pause(): void {
    held ??= []
    live.pause()
  }

  function resume(): void {
    const text = held ?? []
    held = undefined
    live.resume()
    print(text)
  }

  function started({ step, title }: Extract<EngineEvent, { type: 'step-started' }>, at: number): void {
    live.set(`${step}/`, () => `${options.style.strong(step)}  ${clean(title)}  ${duration((now() - at) / 1000)}`)
  }

  function transfer(event: Extract<EngineEvent, { type: 'progress' }>): void {
    const key = `${event.step}/${event.label}`
    const known = transfers.get(key) ?? new Transfer(event)
    transfers.set(key, known)
    known.update(event, now())
    live.set(key, () => transferText(known))
  }

  function finish(step: string): void {
    live.drop(`${step}/`)
    for (const key of transfers.keys()) if (key.startsWith(`${step}/`)) transfers.delete(key)
  }

  return { listen, pause, resume, end: () => live.clear() }
}

function transferText(transfer: Transfer): string {
  const { part, label, figures } = transfer
  return `  ${label}  ${part === undefined ? '' : `${bar(part)}  `}${figures}`
}

function waitingText({ condition, last, remainingSeconds }: Extract<EngineEvent, { type: 'waiting' }>): string {
  return `  waiting, ${duration(remainingSeconds)} left: ${clean(condition)}${last ? ` (now: ${clean(last)})` : ''}`
}
