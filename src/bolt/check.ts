import { droppedTables } from '../memory/collect.ts'
import { badFile } from './damage.ts'
import { type DbInspection, type InspectOptions, inspectDb } from './inspect.ts'
import type { PageSource } from './source.ts'

/**
 * Reads and checks every page, as `inspectDb` does, for a caller that will use the database: damage is `COPY_CORRUPT`,
 * naming the page. Values carry no checksum, so a flipped bit within a value is not seen here.
 */
export async function checkDb(source: PageSource, options: InspectOptions = {}): Promise<DbInspection> {
  const found = await inspectDb(source, { skipHash: true, ...options })
  droppedTables()
  const damage = found.findings.find((finding) => finding.startsWith(UNUSABLE))
  if (damage !== undefined) throw badFile(damage.slice(UNUSABLE.length))
  return found
}

const UNUSABLE = 'unusable: '
