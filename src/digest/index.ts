export { digestClient, digestOf } from './digest-client.ts'
export { createKvDigest, type KvDigest } from './kv-digest.ts'
