import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { RescueError } from '../errors/rescue-error.ts'
import { shellWord } from '../shell/quote.ts'

export const CONFIG_FILE = 'etcd-rescue.yaml'
const maxBytes = 1024 * 1024

export interface FoundConfig {
  path: string
  text: string
}

/**
 * The config file: `--config`, else ETCD_RESCUE_CONFIG, else `etcd-rescue.yaml` in the working directory or above.
 * A file that was named must exist (`CONFIG_INVALID`); that none is found is not an error here. One that was not named
 * is read only when nobody else can have written it: it names programs that are run, and hosts that get a password.
 */
export async function findConfig(options: {
  named?: string | undefined
  cwd: string
  me?: Me | undefined
}): Promise<FoundConfig | undefined> {
  if (options.named) return read(resolve(options.cwd, options.named))
  for (let directory = resolve(options.cwd); ; directory = dirname(directory)) {
    const path = join(directory, CONFIG_FILE)
    if (await lstat(path).catch(() => undefined)) return read(path, options.me ?? whoAmI())
    if (dirname(directory) === directory) return undefined
  }
}

/** What is judged is what is read: by one handle, so that nobody puts another file there in between. */
async function read(path: string, me?: Me): Promise<FoundConfig> {
  if (me) mustBeOwnLink(path, await lstat(path), me)
  const handle = await openFile(path)
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw unreadable(path, new Error('not a file'))
    if (found.size > maxBytes) throw unreadable(path, new Error(`larger than ${maxBytes} bytes`))
    if (me) mustBeOwn(path, found, me)
    return { path, text: await handle.readFile('utf8') }
  } finally {
    await handle.close()
  }
}

/** A pipe must not keep us waiting for its writer. */
const openFile = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause) => Promise.reject(unreadable(path, cause)))

function unreadable(path: string, cause: unknown): RescueError {
  const hint = 'name another file with --config, or write a first one with: etcd-rescue config init'
  const why = cause instanceof Error ? cause.message : String(cause)
  return new RescueError('CONFIG_INVALID', `cannot read the configuration ${path}: ${why}`, { hint, cause })
}

/** Who may have written a file that was not named; nobody in particular where the system knows no owners. */
export interface Me {
  uid?: number
  /** Whoever became root by sudo. */
  sudoUid?: number
}

function whoAmI(): Me {
  const uid = process.getuid?.()
  const sudoUid = uid === 0 && /^\d+$/.test(process.env.SUDO_UID ?? '') ? Number(process.env.SUDO_UID) : undefined
  return { ...(uid === undefined ? {} : { uid }), ...(sudoUid === undefined ? {} : { sudoUid }) }
}

const [GROUP_WRITES, OTHERS_WRITE] = [0o020, 0o002]

/** Whoever made a link chose the file. */
function mustBeOwnLink(path: string, found: Stats, { uid, sudoUid }: Me): void {
  if (uid === undefined || !found.isSymbolicLink() || [0, uid, sudoUid].includes(found.uid)) return
  throw foreign(path, `it is a link of another user (uid ${found.uid})`)
}

function mustBeOwn(path: string, { uid: owner, gid, mode }: Stats, { uid, sudoUid }: Me): void {
  if (uid === undefined) return
  if (![0, uid, sudoUid].includes(owner)) throw foreign(path, `it belongs to another user (uid ${owner})`)
  // a group of the owner's number is the owner's own: what umask 002 gives a clone is theirs alone
  const writers = gid === owner ? OTHERS_WRITE : OTHERS_WRITE | GROUP_WRITES
  if ((mode & writers) !== 0)
    throw foreign(path, 'others may write to it', `take that right away: chmod go-w ${shellWord(path)}; or`)
}

function foreign(path: string, why: string, mend = 'read it; when it is right,'): RescueError {
  return new RescueError('CONFIG_INVALID', `${path} was found here, and is not taken: ${why}`, {
    hint: `it names programs that are run and hosts that are logged in to; ${mend} name it: --config ${shellWord(path)}`,
  })
}
