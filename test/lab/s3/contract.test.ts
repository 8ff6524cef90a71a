import { objectStoreContract } from '../../contracts/object-store.ts'
import { labS3 } from '../../support/lab-s3.ts'
import { openUploads } from '../../support/s3-bucket.ts'

objectStoreContract("S3 on the drill's own server", async () => {
  const lab = await labS3()
  return {
    store: lab.store(),
    other: lab.store(),
    leftovers: () => openUploads(lab, 'bucket'),
    close: lab.close,
  }
})
