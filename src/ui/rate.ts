/** How fast something goes: the mean over the last ten seconds, so that a stall shows and a burst does not. */
export class Rate {
  readonly #samples: { at: number; done: number }[] = []
  readonly #window: number

  constructor(windowMs = 10_000) {
    this.#window = windowMs
  }

  add(at: number, done: number): void {
    this.#samples.push({ at, done })
    while ((this.#samples[1]?.at ?? at) <= at - this.#window) this.#samples.shift()
    // at most some hundred samples are kept, however often progress is told
    if (this.#samples.length > 400) this.#samples.splice(1, 200)
  }

  /** Units a second, or undefined until half a second was seen. */
  perSecond(): number | undefined {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (!first || !last || last.at - first.at < 500) return undefined
    return Math.max(0, (last.done - first.done) / ((last.at - first.at) / 1000))
  }
}
