import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'

/** Where objects go as they come. */
export interface Sink {
  write(text: string): Promise<void>
  /** Gives a file its name; without it nothing stays. */
  finish(): Promise<void>
  close(): Promise<void>
}

/** A stream that waits until what it was given is taken: a slow reader must not fill our memory. */
export function streamSink(stream: NodeJS.WritableStream): Sink {
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()))
      }),
    finish: async () => {},
    close: async () => {},
  }
}

/** A new file, 0600 from its first byte on, under its name only when it is whole. `PRECONDITION` when it exists. */
export async function fileSink(path: string): Promise<Sink> {
  const part = `${path}.part`
  const file = await taken(path, part)
  let isFinished = false
  return {
    write: async (text) => {
      await file.appendFile(text)
    },
    finish: async () => {
      await file.sync()
      await rename(part, path)
      isFinished = true
    },
    close: async () => {
      await file.close()
      if (!isFinished) await Promise.all([rm(part, { force: true }), rm(path, { force: true })])
    },
  }
}

/** The name is taken at once, so that nothing that exists is ever overwritten. */
async function taken(path: string, part: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await (await open(path, 'wx', 0o600)).close()
  } catch (error) {
    throw refused(path, error)
  }
  try {
    // of an extraction that was killed; not opened as it is, for its mode may be another
    await rm(part, { force: true })
    return await open(part, 'wx', 0o600)
  } catch (error) {
    await rm(path, { force: true })
    throw refused(part, error)
  }
}

function refused(path: string, error: unknown): RescueError {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EEXIST') {
    return new RescueError('PRECONDITION', `${path} exists already, and nothing is overwritten`, {
      hint: 'name another file by --output',
    })
  }
  const why = error instanceof Error ? error.message : String(error)
  return new RescueError('LOCAL_FILE', `cannot write ${path}: ${why}`, { hint: 'name another file by --output' })
}
