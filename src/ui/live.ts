import { MultiBar } from 'cli-progress'
import type { Output } from './style.ts'
import { cut } from './text.ts'

type Bar = ReturnType<MultiBar['create']>

/**
 * The lines at the bottom of a terminal that are redrawn: transfers and waits. Anything else that is printed clears them first, and
 * while paused (a question is being asked) nothing is drawn at all.
 */
export class LiveRegion {
  readonly #output: Output & NodeJS.WritableStream
  readonly #lines = new Map<string, () => string>()
  #bars: MultiBar | undefined
  #drawn = new Map<string, Bar>()
  #paused = false

  constructor(output: Output & NodeJS.WritableStream) {
    this.#output = output
  }

  /** Shows a line under a key, or changes it. The text is asked for at every redraw. */
  set(key: string, text: () => string): void {
    this.#lines.set(key, text)
    if (this.#paused || this.#drawn.has(key)) return
    this.#bars ??= this.#open()
    this.#drawn.set(key, this.#bars.create(1, 0, { key }))
  }

  /** Removes the lines whose key starts with this. */
  drop(prefix: string): void {
    const gone = [...this.#lines.keys()].filter((key) => key.startsWith(prefix))
    if (gone.length === 0) return
    for (const key of gone) this.#lines.delete(key)
    this.clear()
  }

  /** Takes the region off the screen; the next `set` draws it again. */
  clear(): void {
    this.#bars?.stop()
    this.#bars = undefined
    this.#drawn = new Map()
  }

  pause(): void {
    this.#paused = true
    this.clear()
  }

  resume(): void {
    this.#paused = false
  }

  #open(): MultiBar {
    return new MultiBar({
      stream: this.#output,
      clearOnComplete: true,
      hideCursor: true,
      linewrap: false,
      gracefulExit: false,
      fps: 8,
      emptyOnZero: true,
      format: (_options, _params, payload: { key?: string }) => this.#text(payload.key ?? ''),
    })
  }

  #text(key: string): string {
    return cut(`  ${this.#lines.get(key)?.() ?? ''}`, (this.#output.columns ?? 80) - 1)
  }
}
