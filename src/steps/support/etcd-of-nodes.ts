import { chmod, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import { etcdProgramsOn, type ProgramsOnNode } from '../../node/etcd-programs.ts'
import { sha256On, streamFile } from '../../node/files.ts'
import type { EtcdMinor } from '../../ports/etcd.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { bytes as sizeOf } from '../../words/numbers.ts'
import { nodePrograms } from './members.ts'
import { pour } from './pour.ts'

/** etcd's three programs have 60 to 80 MB together. */
const MAX_BYTES = 400 << 20

export interface Offer extends ProgramsOnNode {
  host: RemoteHost
}

/** The nodes whose etcd-manager carries an etcd of this minor version, the newest first. What cannot be seen offers nothing. */
export async function offersOf(hosts: readonly RemoteHost[], etcdCluster: string, minor: string): Promise<Offer[]> {
  const found = await Promise.all(
    hosts.map(async (host) => {
      const programs = await etcdProgramsOn(host, etcdCluster, minor).catch(() => undefined)
      return programs === undefined || programs.bytes > MAX_BYTES ? [] : [{ host, ...programs }]
    }),
  )
  const patch = ({ version }: Offer) => Number(version.split('.')[2])
  return found.flat().sort((a, b) => patch(b) - patch(a))
}

/** Where it may be had, for whom it is missing and cannot be asked. */
export const offeredBut = (missing: RescueError, { host, version }: Offer): RescueError =>
  new RescueError('ETCD_MISSING', missing.message, {
    hint: `${host.name} carries etcd ${version}: with tools.etcdFromNodes: true in etcd-rescue.yaml it is fetched from there and run on this machine; or ${missing.hint}`,
  })

interface Context {
  world: World
  signal: AbortSignal
  note(line: string): void
}

/**
 * The etcd that a node carries, where this machine has none. A program from a node is as good as that node: it is fetched
 * as bytes, and run only after somebody who was told its digest agreed, or the configuration allows it (decision 15). From
 * then on the run's own scratch has it. `missing` is thrown where no node offers one, or nobody agrees.
 */
export async function takeFromNode(context: Context, minor: EtcdMinor, missing: RescueError): Promise<void> {
  const { world, note } = context
  const { etcdCluster, tools } = world.target
  const [offer] = await offersOf(world.controlPlane, etcdCluster, minor)
  if (offer === undefined || world.etcd.use === undefined) throw missing
  const home = nodePrograms(world, minor)
  await world.scratch.dir('etcd-of-nodes')
  const digests = await sha256On(offer.host, [...offer.paths.values()])
  if (tools.etcdFromNodes !== true) {
    if (!world.prompter.interactive) throw offeredBut(missing, offer)
    if (!(await agrees(world, offer, digests))) throw missing
  }
  const part = await world.scratch.dir('etcd-of-nodes', `${minor}.part`)
  for (const [name, path] of offer.paths) {
    const file = await world.scratch.file('etcd-of-nodes', `${minor}.part`, name)
    await fetchProgram(context, offer, path, file, digests.get(path))
    await chmod(file, 0o700)
  }
  await rm(home, { recursive: true, force: true })
  await rename(part, home)
  const { version } = await world.etcd.use(minor, home)
  note(`etcd ${version} of ${offer.host.name} is run on this machine: ${dirname(home)}`)
}

function agrees({ prompter }: World, { host, version, paths, bytes }: Offer, digests: ReadonlyMap<string, string>) {
  const said = [...paths].map(([name, path]) => `${name} ${digests.get(path)}`).join(', ')
  const question =
    `This machine has no such etcd; ${host.name} carries etcd ${version} (${sizeOf(bytes)}). A program from a node can do ` +
    `here whatever you can, if somebody changed it there. SHA-256: ${said}. Fetch it and run it on this machine?`
  return prompter.confirm(question, { flag: 'tools: { etcdFromNodes: true } in etcd-rescue.yaml', default: false })
}

/** The very bytes that were agreed to, no more of them than the node said, and a program of this machine. */
async function fetchProgram(
  { world, signal }: Context,
  { host, bytes: most }: Offer,
  path: string,
  file: string,
  digest: string | undefined,
): Promise<void> {
  const { stdout } = await streamFile(host, path, { signal })
  const bounded = async function* (source: AsyncIterable<Buffer>) {
    let bytes = 0
    for await (const chunk of source) {
      bytes += chunk.length
      if (bytes > most) throw notAsSaid(host, path, 'it is longer than the node said')
      yield chunk
    }
  }
  await world.scratch.needRoom(most)
  const { sha256 } = await pour(stdout, file, { through: bounded, signal })
  if (sha256 !== digest) throw notAsSaid(host, path, 'its SHA-256 is not the one that the node said')
  const why = await whyNotOurs(file)
  if (why !== undefined) throw notAsSaid(host, path, why)
}

const MACHINES: Partial<Record<NodeJS.Architecture, number>> = { x64: 0x3e, arm64: 0xb7 }

/** An ELF program for 64 bits, little-endian, of this machine's architecture (elf(5)). */
export async function whyNotOurs(file: string): Promise<string | undefined> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(20), 0, 20, 0)
    const isElf = bytesRead === 20 && buffer.subarray(0, 6).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]))
    if (!isElf || ![2, 3].includes(buffer.readUInt16LE(16))) return 'it is no program'
    const isOurs = process.platform === 'linux' && buffer.readUInt16LE(18) === MACHINES[process.arch]
    return isOurs ? undefined : `it is no program for ${process.platform}/${process.arch}`
  } finally {
    await handle.close()
  }
}

function notAsSaid(host: RemoteHost, path: string, why: string): RescueError {
  return new RescueError('ETCD_MISSING', `${path} of ${host.name} is not run on this machine: ${why}`, {
    hint: 'nothing was changed; bring an etcd of your own: --etcd-bin-dir DIR',
  })
}
