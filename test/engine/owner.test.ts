import { expect, test, vi } from 'vitest'
import { thisOwner } from '../../src/engine/env.ts'

vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  userInfo: () => {
    throw new Error('uv_os_get_passwd returned ENOENT')
  },
}))

test('a user without a name, as in a container, holds the lock by number', () => {
  expect(thisOwner().user).toBe(`uid ${process.getuid?.()}`)
})
