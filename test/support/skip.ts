import { describe, it } from 'vitest'

/**
 * Tests that need something of the machine. Where it is missing, `missing` says so, and each of them is skipped with that as
 * its reason: it stands in its name, which is what is printed of a skipped test.
 */
export function describeOn(missing: string | undefined, name: string, body: () => void): void {
  if (missing === undefined) describe(name, body)
  else describe.skip(`${name} (${missing})`, body) // what this machine lacks is in the name
}

/** Where tests are made for each etcd that is there, and none is: one stands in for them, and says why they are not run. */
export function tellSkipped(missing: string | undefined, name: string): void {
  if (missing !== undefined) it.skip(`${name} (${missing})`) // what this machine lacks is in the name
}
