import { expect, it } from 'vitest'
import { madeBuffers } from '../../src/memory/collect.ts'

it('dead buffers do not pile up, however many were made', () => {
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for (let i = 0; i < 2000; i++) {
    const buffer = Buffer.allocUnsafeSlow(1 << 20)
    madeBuffers(buffer.length)
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  // 2 GB were made
  expect(most).toBeLessThan(40 << 20)
})
