import { createKvDigest, type KvDigest } from './kv-digest.ts'

/** What is needed of an `EtcdClient`. */
interface Ranged<Options> {
  range(options?: Options): AsyncIterable<{ key: Buffer; value: Buffer }>
}

/** Called with the keys read so far, every thousand keys and at the end. */
type OnKeys = (keys: number) => void

/** The digest of all keys of a client, or of what its range options choose, at one revision and in bounded memory. */
export async function digestClient<Options extends object>(
  client: Ranged<Options>,
  { onKeys, ...range }: Options & { onKeys?: OnKeys } = {} as Options,
): Promise<KvDigest> {
  return digestOf(client.range(range as unknown as Options), onKeys)
}

export async function digestOf(
  pairs: AsyncIterable<{ key: Buffer; value: Buffer }>,
  onKeys: OnKeys = () => {},
): Promise<KvDigest> {
  const digest = createKvDigest()
  let keys = 0
  for await (const { key, value } of pairs) {
    digest.add(key, value)
    keys += 1
    if (keys % 1000 === 0) onKeys(keys)
  }
  onKeys(keys)
  return digest.result()
}
