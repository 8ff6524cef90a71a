import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { dirScratch } from '../../../src/adapters/scratch/index.ts'
import type { Scratch } from '../../../src/ports/scratch.ts'

/** A directory that goes away with the test. */
export async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

export async function tempScratch(): Promise<Scratch> {
  return dirScratch(join(await tempDir(), 'scratch'), { reserveBytes: 0 })
}
