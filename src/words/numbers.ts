import prettyBytes from 'pretty-bytes'

/** `490,000`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** `1 write`, `2,678 writes`; words that are irregular give their plural. */
export function many(value: number, one: string, more = `${one}s`): string {
  return `${count(value)} ${Math.round(value) === 1 ? one : more}`
}

/** `1.34 GB`: one form for every size, that of disks and networks. */
export function bytes(value: number): string {
  return prettyBytes(Math.max(0, value))
}

/** `2024-03-21 13:02`, in UTC. */
export function minute(time: number | string): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ')
}
