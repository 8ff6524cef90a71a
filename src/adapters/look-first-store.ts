import type { ObjectStore } from '../ports/object-store.ts'
import { changedMeanwhile, existsAlready } from './store-errors.ts'

/**
 * For a store without conditional writes, once the operator has said that nobody else works on the cluster: looks before it
 * writes, which keeps out who came earlier, and not who comes in the same moment.
 */
export function lookFirst(store: ObjectStore): ObjectStore {
  const mayWrite = async (key: string, { ifAbsent, ifVersion }: { ifAbsent?: boolean; ifVersion?: string }) => {
    if (!ifAbsent && ifVersion === undefined) return
    const found = await store.head(key)
    if (ifAbsent && found) throw existsAlready(store.url, key)
    if (ifVersion !== undefined && found?.version !== ifVersion) throw changedMeanwhile(store.url, key)
  }
  return {
    ...store,
    hasConditions: async () => false,
    async write(key, body, { signal, ...conditions } = {}) {
      await mayWrite(key, conditions)
      return store.write(key, body, signal ? { signal } : {})
    },
    async upload(key, body, { ifAbsent = false, ...options } = {}) {
      await mayWrite(key, { ifAbsent })
      return store.upload(key, body, options)
    },
  }
}
