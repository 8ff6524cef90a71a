import type { Checksum } from './checksums.ts'

/** One stored version of a key, or a delete marker (no files). A multipart object keeps its parts as files. */
export interface Version {
  key: string
  /** `null` where the bucket is not versioned. */
  id: string
  files: { name: string; size: number }[]
  size: number
  /** Without quotes. */
  etag: string
  /** Milliseconds. */
  modifiedAt: number
  deleteMarker: boolean
  checksum: Checksum | undefined
  /** `content-type`, `x-amz-meta-…`, `x-amz-server-side-encryption…` as the client sent them. */
  headers: Record<string, string>
}

export interface UploadPart {
  file: string
  size: number
  etag: string
  checksum: Checksum | undefined
}

export interface PendingUpload {
  id: string
  key: string
  startedAt: number
  headers: Record<string, string>
  parts: Map<number, UploadPart>
}

export interface LifecycleRule {
  id: string
  prefix: string
  enabled: boolean
  days: number
}

/** What is kept of a bucket beside its objects. */
export interface BucketSettings {
  versioning: 'Off' | 'Enabled' | 'Suspended'
  encryption: { algorithm: string; keyId?: string } | undefined
  lifecycle: LifecycleRule[]
}
