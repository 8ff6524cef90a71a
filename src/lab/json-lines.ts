import type { Readable } from 'node:stream'

/** One JSON value a line; rejects when the stream breaks, which `readline` does not tell. */
export async function* jsonLines<T>(from: Readable): AsyncGenerator<T> {
  let rest = ''
  for await (const chunk of from.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield JSON.parse(line) as T
  }
}
