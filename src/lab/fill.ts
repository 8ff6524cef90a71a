import { type Pair, putMany } from './etcd/kv.ts'
import type { Lab } from './lab.ts'
import { landmarks } from './landmarks.ts'
import { kubernetesLike, type SeedOptions } from './seed.ts'
import { runWorkloads } from './workloads.ts'

const MAX_OPS = 100
/** etcd refuses requests above 1.5 MiB; the JSON gateway carries base64. */
const MAX_BYTES = 700_000
const AT_ONCE = 4
/** Writes what a recovery is looked at by, beside numbers of keys, and lets the pods among it run. */
export async function addLandmarks(lab: Lab): Promise<void> {
  const gateway = lab.etcd()
  try {
    for (const batch of inBatches(landmarks(lab.nodes))) await putMany(gateway, batch)
    await runWorkloads(lab.nodes)
  } finally {
    gateway.close()
  }
}

/** Writes seed data into the running cluster, in transactions, all acknowledged when it resolves. */
export async function fill(lab: Lab, options: SeedOptions): Promise<void> {
  const gateway = lab.etcd()
  const batches = inBatches(kubernetesLike(options))
  const writeNext = async () => {
    for (let next = batches.next(); !next.done; next = batches.next()) await putMany(gateway, next.value)
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, writeNext))
  } finally {
    gateway.close()
  }
}

function* inBatches(pairs: Iterable<Pair>): Generator<Pair[]> {
  let batch: Pair[] = []
  let bytes = 0
  for (const pair of pairs) {
    const size = pair.key.length + pair.value.length
    if (batch.length === MAX_OPS || (batch.length > 0 && bytes + size > MAX_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(pair)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
