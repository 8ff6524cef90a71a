import { WithheldError } from '../../errors/rescue-error.ts'
import type { OnCall } from '../../ports/calls.ts'
import type { ObjectStore } from '../../ports/object-store.ts'

type Told = (effect: 'read' | 'change', withheld: boolean, line: string) => void

const teller =
  (store: ObjectStore, onCall: OnCall): Told =>
  (effect, withheld, line) =>
    onCall({ where: store.url, effect, withheld, line })

/** Tells each request before it is made; sizes, never contents. */
export function traceStore(store: ObjectStore, onCall: OnCall): ObjectStore {
  const tell = teller(store, onCall)
  return {
    url: store.url,
    list: (prefix, options) => (tell('read', false, `list ${prefix}`), store.list(prefix, options)),
    listFolders: (prefix, options) => (
      tell('read', false, `list folders ${prefix}`), store.listFolders(prefix, options)
    ),
    head: (key) => (tell('read', false, `head ${key}`), store.head(key)),
    read: (key, options) => (tell('read', false, `read ${key}`), store.read(key, options)),
    stream: (key, options) => (tell('read', false, `read ${key}`), store.stream(key, options)),
    write: (key, body, options) => (tell('change', false, writing(key, body)), store.write(key, body, options)),
    upload: (key, body, options) => (tell('change', false, `upload ${key}`), store.upload(key, body, options)),
    remove: (key, options) => (tell('change', false, removing(key, options)), store.remove(key, options)),
  }
}

/**
 * Lets reads through. A write answers with a version that no object has, so that a step that writes two files shows
 * both; an upload, whose size is needed, throws `WithheldError`.
 */
export function withholdStore(store: ObjectStore, onCall: OnCall): ObjectStore {
  const tell = teller(store, onCall)
  return {
    url: store.url,
    list: (prefix, options) => store.list(prefix, options),
    listFolders: (prefix, options) => store.listFolders(prefix, options),
    head: (key) => store.head(key),
    read: (key, options) => store.read(key, options),
    stream: (key, options) => store.stream(key, options),
    write: async (key, body) => {
      tell('change', true, writing(key, body))
      return { version: 'withheld' }
    },
    upload: async (key, body) => {
      tell('change', true, `upload ${key}`)
      body.destroy()
      throw new WithheldError(`upload ${key}`)
    },
    remove: async (key, options) => tell('change', true, removing(key, options)),
  }
}

const writing = (key: string, body: Buffer) => `write ${key} (${body.length} bytes)`
const removing = (key: string, options?: { allVersions?: boolean }) =>
  `remove ${key}${options?.allVersions ? ' with all versions' : ''}`
