import type { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'

/** Parses JSON from a node and checks its shape; anything else is `HOST_OUTPUT`. */
export function parseAnswer<T>(host: RemoteHost, what: string, text: string, shape: z.ZodType<T>): T {
  try {
    return shape.parse(JSON.parse(text))
  } catch (error) {
    throw unexpected(host, `${what} answered something else than expected`, error)
  }
}

export function unexpected(host: RemoteHost, what: string, cause?: unknown): RescueError {
  return new RescueError('HOST_OUTPUT', `node ${host.name}: ${what}`, {
    hint: `run it on node ${host.name} and look at what it prints`,
    cause,
  })
}

/** Output whose parts end in NUL, the only byte that no path holds. */
export function splitNul(text: string): string[] {
  const parts = text.split('\0')
  parts.pop()
  return parts
}
