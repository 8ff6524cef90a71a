/** JSON as Go's protojson reads it: one unknown field is fatal (FACTS 3). */
export function parseStrict(body: Buffer, known: readonly string[]): Record<string, unknown> {
  const value = JSON.parse(body.toString('utf8')) as Record<string, unknown>
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw new Error(`proto: (line 1:2): unknown field "${key}"`)
  }
  return value
}
