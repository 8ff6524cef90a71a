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
  const read = <T>(line: string, request: () => T): T => {
    tell('read', false, line)
    return request()
  }
  const change = <T>(line: string, request: () => T): T => {
    tell('change', false, line)
    return request()
  }
  return {
    url: store.url,
    ...(store.hasConditions && {
      hasConditions: () =>
        change('look whether it has conditional writes', () => store.hasConditions?.() ?? Promise.resolve(true)),
    }),
    ...(store.now && { now: () => read('its time', () => store.now?.() ?? Promise.resolve(undefined)) }),
    list: (prefix, options) => read(`list ${prefix}`, () => store.list(prefix, options)),
    listFolders: (prefix, options) => read(`list folders ${prefix}`, () => store.listFolders(prefix, options)),
    head: (key) => read(`head ${key}`, () => store.head(key)),
    read: (key, options) => read(`read ${key}`, () => store.read(key, options)),
    stream: (key, options) => read(`read ${key}`, () => store.stream(key, options)),
    write: (key, body, options) => change(writing(key, body), () => store.write(key, body, options)),
    upload: (key, body, options) => change(`upload ${key}`, () => store.upload(key, body, options)),
    remove: (key, options) => change(removing(key, options), () => store.remove(key, options)),
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
