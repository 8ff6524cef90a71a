import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { expect } from 'vitest'
import { RescueError } from '../../../src/errors/rescue-error.ts'
import type { ErrorCode } from '../../../src/errors/table.ts'

/** Every case works below a folder of its own, so that one store serves all of them. */
export function folder(): string {
  return `case-${randomBytes(6).toString('hex')}`
}

export async function expectCode(promise: Promise<unknown>, ...codes: ErrorCode[]): Promise<RescueError> {
  const error = await promise.then(
    () => new Error('it was expected to fail and did not'),
    (e: unknown) => e,
  )
  if (!(error instanceof RescueError)) throw error
  expect(codes, error.message).toContain(error.code)
  expect(error.hint.length).toBeGreaterThan(10)
  return error
}

export async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export async function textOf(stream: Readable): Promise<string> {
  return (await bytesOf(stream)).toString()
}
