/**
 * Writes of a log, counted as etcd takes them in: an entry takes the place of all that came before it from its index on, as a
 * new leader's do, and what it replaced never comes back.
 */
export class WriteCount {
  private readonly indexes: number[] = []

  take({ index, isWrite }: { index: number; isWrite: boolean }): void {
    while ((this.indexes.at(-1) ?? -1) >= index) this.indexes.pop()
    if (isWrite) this.indexes.push(index)
  }

  get count(): number {
    return this.indexes.length
  }
}
