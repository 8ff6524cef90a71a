import { afterAll, beforeAll, describe } from 'vitest'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { conditionalCases } from './object-store/conditional.ts'
import { listingCases } from './object-store/listing.ts'
import { objectCases } from './object-store/objects.ts'
import { uploadCases } from './object-store/uploads.ts'

/** A store under test, and how to look behind it. */
export interface StoreSubject {
  store: ObjectStore
  /** A second client of the same store, as another operator has it. Default: the same one. */
  other?: ObjectStore
  /** Names of what lies in the store and is no object: parts of uploads, part files, locks. */
  leftovers?: () => Promise<string[]>
  close?: () => Promise<void>
}

/** The prose of `src/ports/object-store.ts` as tests. Every adapter passes the same ones, so that no fake can drift. */
export function objectStoreContract(name: string, make: () => Promise<StoreSubject> | StoreSubject): void {
  describe(`object store contract: ${name}`, () => {
    let subject: StoreSubject
    const current = () => subject
    beforeAll(async () => {
      subject = await make()
    }, 600_000)
    afterAll(async () => subject?.close?.())

    describe('objects', () => objectCases(current))
    describe('listing', () => listingCases(current))
    describe('conditional changes', () => conditionalCases(current))
    describe('uploads', () => uploadCases(current))
  })
}
