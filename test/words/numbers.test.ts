import { expect, test } from 'vitest'
import { bytes, count, many, minute } from '../../src/words/numbers.ts'

test('a number has one form, and one of a thing is no plural', () => {
  expect(count(1_234_567)).toBe('1,234,567')
  expect([0, 1, 2678].map((value) => many(value, 'write'))).toEqual(['0 writes', '1 write', '2,678 writes'])
  expect([1, 2].map((value) => many(value, 'entry', 'entries'))).toEqual(['1 entry', '2 entries'])
  expect([-1, 0, 16_801_792].map(bytes)).toEqual(['0 B', '0 B', '16.8 MB'])
  expect([0, '2024-03-21T13:02:05Z'].map(minute)).toEqual(['1970-01-01 00:00', '2024-03-21 13:02'])
})
