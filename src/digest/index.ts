export { compareSets, type SetDifference } from './compare-sets.ts'
export { digestClient, digestOf } from './digest-client.ts'
export { createKvDigest, type KvDigest } from './kv-digest.ts'
