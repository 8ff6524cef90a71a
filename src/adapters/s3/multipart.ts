import type { CompletedPart } from '@aws-sdk/client-s3'
import type { Part } from './parts.ts'
import type { Session } from './session.ts'
import { encryption, writeDeadline } from './writing.ts'

export interface MultipartUpload {
  key: string
  id: string
  parts: CompletedPart[]
}

export async function startUpload(session: Session, key: string, signal?: AbortSignal): Promise<MultipartUpload> {
  const answer = await session.send({
    operation: 'CreateMultipartUpload',
    effect: 'change',
    key,
    signal,
    run: ({ client, s3 }, options) =>
      client.send(
        new s3.CreateMultipartUploadCommand({
          ...session.at(key),
          ...encryption(session),
          ...(session.options.checksums !== 'when-required' && { ChecksumAlgorithm: 'CRC32' }),
        }),
        options,
      ),
  })
  session.bucketSeen = true
  return { key, id: answer.UploadId ?? '', parts: [] }
}

export async function sendPart(session: Session, upload: MultipartUpload, part: Part, signal: AbortSignal) {
  const PartNumber = part.number
  const answer = await session.send({
    operation: 'UploadPart',
    effect: 'change',
    key: upload.key,
    signal,
    deadlineMs: writeDeadline(session, part.bytes.length),
    run: ({ client, s3 }, options) =>
      client.send(
        new s3.UploadPartCommand({
          ...session.at(upload.key),
          UploadId: upload.id,
          PartNumber,
          Body: part.bytes,
          ContentLength: part.bytes.length,
          ...(session.options.checksums !== 'when-required' && { ChecksumAlgorithm: 'CRC32' }),
        }),
        options,
      ),
  })
  const { ETag, ChecksumCRC32 } = answer
  upload.parts.push({ PartNumber, ...(ETag && { ETag }), ...(ChecksumCRC32 && { ChecksumCRC32 }) })
}

/** Removes the parts. Nothing waits for the caller's signal here: it is usually what brought us here. */
export async function abortUpload(session: Session, upload: MultipartUpload): Promise<void> {
  await session
    .send({
      operation: 'AbortMultipartUpload',
      effect: 'change',
      key: upload.key,
      run: ({ client, s3 }, options) =>
        client.send(new s3.AbortMultipartUploadCommand({ ...session.at(upload.key), UploadId: upload.id }), options),
    })
    // the error that brought us here is the one to tell; a store that is gone keeps the parts until its own clean-up
    .catch(() => undefined)
}
