import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scratch } from '../../ports/scratch.ts'
import { dirScratch } from '../scratch/index.ts'

/** A scratch below the system's temporary directory, for tests; `removeAll` removes it whole. */
export function temporaryScratch(): Scratch {
  return dirScratch(join(mkdtempSync(join(tmpdir(), 'etcd-rescue-scratch-'))), { reserveBytes: 0 })
}
