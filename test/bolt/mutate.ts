import { randomSource } from './support.ts'

const PAGE = 4096

/** Damaged copies of a database, one after the other, the same for the same seed: what was done, and the file. */
export function* mutants(good: Buffer, heads: readonly number[], count: number, seed: number) {
  const random = randomSource(seed)
  const kinds = [flipBits, flipHeader, truncate, swapPages, redirect, zeroSector, randomBytes]
  for (let round = 0; round < count; round++) {
    const kind = kinds[round % kinds.length] ?? flipBits
    yield { what: `${kind.name} ${round}`, file: kind(Buffer.from(good), random, heads) }
  }
}

type Random = (below: number) => number
type Heads = readonly number[]

const pageOf = (heads: Heads, random: Random) => (heads[random(heads.length)] ?? 2) * PAGE

function flipBits(file: Buffer, random: Random, heads: Heads): Buffer {
  for (let bits = 1 + random(4); bits > 0; bits--) flip(file, pageOf(heads, random) + random(PAGE), random)
  return file
}

function flipHeader(file: Buffer, random: Random, heads: Heads): Buffer {
  flip(file, random(6) === 0 ? random(2) * PAGE + random(80) : pageOf(heads, random) + random(80), random)
  return file
}

function truncate(file: Buffer, random: Random): Buffer {
  return file.subarray(0, random(file.length))
}

/** Two pages change places, with their own ids or with each other's. */
function swapPages(file: Buffer, random: Random, heads: Heads): Buffer {
  const [a, b] = [pageOf(heads, random), pageOf(heads, random)]
  const kept = Buffer.from(file.subarray(a, a + PAGE))
  file.copy(file, a, b, b + PAGE)
  kept.copy(file, b)
  if (random(2) === 0) {
    file.writeUInt32LE(a / PAGE, a)
    file.writeUInt32LE(b / PAGE, b)
  }
  return file
}

/** A branch's child becomes another page, which may be the branch itself or one above it. */
function redirect(file: Buffer, random: Random, heads: Heads): Buffer {
  const branches = heads.filter((id) => file.readUInt16LE(id * PAGE + 8) === 1)
  const branch = (branches[random(branches.length)] ?? heads[0] ?? 2) * PAGE
  const count = Math.max(1, file.readUInt16LE(branch + 10))
  const target = random(3) === 0 ? random(2 ** 31) : pageOf(heads, random) / PAGE
  file.writeUInt32LE(target, Math.min(branch + 16 + random(count) * 16 + 8, file.length - 4))
  return file
}

function zeroSector(file: Buffer, random: Random, heads: Heads): Buffer {
  const at = pageOf(heads, random) + random(8) * 512
  return file.fill(0, at, at + 512)
}

function randomBytes(file: Buffer, random: Random, heads: Heads): Buffer {
  const at = pageOf(heads, random) + random(PAGE)
  for (let index = at; index < Math.min(at + 1 + random(32), file.length); index++) file.writeUInt8(random(256), index)
  return file
}

function flip(file: Buffer, at: number, random: Random): void {
  const index = Math.min(at, file.length - 1)
  file.writeUInt8(file.readUInt8(index) ^ (1 << random(8)), index)
}
