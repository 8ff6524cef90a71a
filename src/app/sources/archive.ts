import type { PageSource } from '../../bolt/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'

/** What people pack copies in, by bytes near the beginning of the file, and what unpacks it. */
const ARCHIVES = [
  { is: 'a zip archive', at: 0, magic: Buffer.from('PK\x03\x04', 'latin1'), unpack: 'unzip' },
  { is: 'packed with zstd', at: 0, magic: Buffer.from('28b52ffd', 'hex'), unpack: 'unzstd' },
  { is: 'packed with xz', at: 0, magic: Buffer.from('fd377a585a00', 'hex'), unpack: 'unxz -k' },
  { is: 'packed with bzip2', at: 0, magic: Buffer.from('BZh'), unpack: 'bunzip2 -k' },
  { is: 'a tar archive', at: 257, magic: Buffer.from('ustar'), unpack: 'tar -xf' },
]
const HEAD_BYTES = 262

/** What a file is packed in, or undefined: a database begins with a page of its own, and none of these. */
async function archiveOf(file: PageSource): Promise<(typeof ARCHIVES)[number] | undefined> {
  const head = await file.read(0, Math.min(HEAD_BYTES, file.size))
  return ARCHIVES.find(({ at, magic }) => head.subarray(at, at + magic.length).equals(magic))
}

/** `PRECONDITION` for an archive, with what unpacks it. `inside`: what was read is what a gzip held. */
export async function mustBeNoArchive(file: PageSource, name: string, inside: 'gzip' | undefined): Promise<void> {
  const archive = await archiveOf(file)
  if (archive === undefined) return
  const what = inside === undefined ? archive.is : `${archive.is}, packed with gzip`
  throw new RescueError('PRECONDITION', `${name} is ${what}, and no copy by itself`, {
    hint: `unpack it (${archive.unpack}), and name the database, snapshot or directory that was in it`,
  })
}
