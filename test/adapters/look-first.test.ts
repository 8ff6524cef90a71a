import { afterAll, beforeAll, describe } from 'vitest'
import { lookFirst } from '../../src/adapters/look-first-store.ts'
import { listingCases } from '../contracts/object-store/listing.ts'
import { objectCases } from '../contracts/object-store/objects.ts'
import { uploadCases } from '../contracts/object-store/uploads.ts'
import type { StoreSubject } from '../contracts/object-store.ts'
import { type LabS3Fixture, labS3 } from '../support/lab-s3.ts'
import { openUploads } from '../support/s3-bucket.ts'

/** All of the contract but what no store can keep that has no conditions: one winner of several together. */
describe('object store contract: S3 without conditional writes, looked at first', () => {
  let lab: LabS3Fixture
  let subject: StoreSubject
  beforeAll(async () => {
    lab = await labS3()
    lab.faults.add({ kind: 'ignore-conditions', times: Number.POSITIVE_INFINITY })
    subject = { store: lookFirst(lab.store()), leftovers: () => openUploads(lab, 'bucket') }
  })
  afterAll(() => lab.close())
  const current = () => subject

  describe('objects', () => objectCases(current))
  describe('listing', () => listingCases(current))
  describe('uploads', () => uploadCases(current))
})
