import { expect } from 'vitest'

/** `toMatchObject` takes a bare RegExp for an object without keys, which every value matches: here it is held to the words. */
expect.addEqualityTesters([
  (value, pattern) => (pattern instanceof RegExp && typeof value === 'string' ? pattern.test(value) : undefined),
])
