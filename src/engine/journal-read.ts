import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { RescueError } from '../errors/rescue-error.ts'
import { codeOf, fileError } from './local-file.ts'
import { type JournalRecord, parseHeader, parseRecord, type RunHeader } from './records.ts'
import { isRunId } from './run-id.ts'

const MOST_BYTES = 128 * 1024 * 1024

export interface ReadJournal {
  header: RunHeader
  records: JournalRecord[]
  /** Length of the file up to its last whole line. */
  goodBytes: number
}

/**
 * Reads a journal without changing it. A last line without its line end is torn and dropped; anything else that can't be
 * read is `JOURNAL_INVALID`, since a run must not go on from a memory with holes. `RUN_UNKNOWN` when there is none.
 */
export async function readJournal(workDir: string, id: string): Promise<ReadJournal> {
  const path = join(workDir, 'runs', isRunId(id) ? id : 'no-run-id', 'journal.ndjson')
  const bytes = await readBounded(path, id)
  const goodBytes = bytes.lastIndexOf(0x0a) + 1
  const [first, ...rest] = bytes.subarray(0, goodBytes).toString('utf8').split('\n').slice(0, -1)
  const header = first === undefined ? undefined : parseHeader(parseJson(first))
  if (!header || header.run !== id) throw damaged(path, 1, id)
  const records = rest.map((line, index) => parseRecord(parseJson(line)) ?? fail(damaged(path, index + 2, id)))
  return { header, records, goodBytes }
}

async function readBounded(path: string, id: string): Promise<Buffer> {
  try {
    const handle = await open(path, 'r')
    try {
      if ((await handle.stat()).size > MOST_BYTES) throw damaged(path, 0, id)
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw fileError(error, path)
    throw new RescueError('RUN_UNKNOWN', `there is no run ${JSON.stringify(id)}`, {
      hint: 'list the runs that there are: etcd-rescue runs list',
      cause: error,
    })
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function fail(error: Error): never {
  throw error
}

function damaged(path: string, line: number, id: string): RescueError {
  const where = line === 0 ? `${path} is too long` : `${path}:${line} cannot be read`
  return new RescueError('JOURNAL_INVALID', `the journal of ${id} is damaged: ${where}`, {
    hint: 'it was changed by something else than this tool; start a new run, which looks at the world before it acts',
  })
}
