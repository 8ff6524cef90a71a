import { join } from 'node:path'
import {
  type MemberLog,
  type MemberPeek,
  type NamedSource,
  NO_FILE,
  type OpenSource,
  openFileSource,
  peekMember,
  readMemberLog,
} from '../../../bolt/index.ts'
import { entriesIn } from '../names-in.ts'

/** What a few pages and the end of the log tell of a member directory on this machine. */
export function peekCopy(member: string): Promise<MemberPeek> {
  return withFiles(member, ({ db, wal, snap }) => peekMember(db, wal, snap))
}

/** Its whole log, read from the first record on, against its database. */
export function readCopyLog(member: string, signal: AbortSignal): Promise<MemberLog> {
  return withFiles(member, async ({ db, wal, snap }) => {
    return readMemberLog(await peekMember(db, [], snap), { wal, snap }, { signal })
  })
}

/** The same as if there were no database but for whom it knew: a log of somebody else makes another one. */
export function readLogAlone(member: string, signal: AbortSignal): Promise<MemberLog> {
  return withFiles(member, async ({ db, wal, snap }) => {
    const { consistentIndex, members, removedMembers } = await peekMember(db, [], snap)
    return readMemberLog({ lost: 'set aside', consistentIndex, members, removedMembers }, { wal, snap }, { signal })
  })
}

interface Files {
  db: OpenSource
  wal: NamedSource[]
  snap: NamedSource[]
}

const DATABASE = 'db'

async function withFiles<T>(member: string, use: (files: Files) => Promise<T>): Promise<T> {
  const opened: OpenSource[] = []
  const open = async (path: string) => {
    const source = await openFileSource(path)
    opened.push(source)
    return source
  }
  const all = async (dir: string) => {
    const entries = await entriesIn(join(member, dir))
    const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
    return Promise.all(names.map(async (name) => ({ name, source: await open(join(member, dir, name)) })))
  }
  try {
    const [wal, snap] = [await all('wal'), await all('snap')]
    const db = snap.find(({ name }) => name === DATABASE)?.source ?? { ...NO_FILE, close: async () => {} }
    return await use({ db, wal, snap: snap.filter(({ name }) => name !== DATABASE) })
  } finally {
    await Promise.all(opened.map((source) => source.close()))
  }
}
