import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { LocalEtcd } from '../../src/ports/etcd.ts'
import type { Prompter } from '../../src/ports/prompter.ts'
import type { Scratch } from '../../src/ports/scratch.ts'
import { findRelease, nodePrograms } from '../../src/steps/support/members.ts'
import { mustHaveEtcd } from '../../src/steps/support/needed-etcd.ts'
import { etcdReleases, noEtcd, testEtcd } from '../support/etcd.ts'
import { describeOn } from '../support/skip.ts'
import { node, targetOf } from './support/nodes.ts'
import { tempDir, tempScratch } from './support/temp.ts'

const release = (await etcdReleases()).find(({ minor }) => minor === '3.5')
const PID = 77

/** This machine has no etcd until it is given one. */
function withoutEtcd(): LocalEtcd {
  const own = testEtcd({ binDir: '/nonexistent' })
  let isGiven = false
  return {
    ...own,
    find: async (minor) => {
      if (isGiven) return own.find(minor)
      throw new RescueError('ETCD_MISSING', `no etcd ${minor} was found on this machine`, {
        hint: '--etcd-bin-dir DIR',
      })
    },
    use: async (...args) => {
      const used = await own.use?.(...args)
      isGiven = true
      return used as never
    },
  }
}

interface Scene {
  fill(opt: string): void
  prompter?: Prompter
  isAllowed?: boolean
  scratch?: Scratch
  /** What the node says of digests. */
  digest?: string
}

async function take({ fill, prompter = memoryPrompter(), isAllowed = false, scratch, digest }: Scene) {
  const root = await tempDir()
  const opt = join(root, `proc/${PID}/root/opt`)
  mkdirSync(opt, { recursive: true })
  fill(opt)
  const lying = (argv: readonly string[]) => {
    if (digest === undefined || !argv.some((word) => word.includes('openssl dgst'))) return undefined
    return {
      stdout: argv
        .slice(4)
        .map(() => `${digest} *-\n`)
        .join(''),
    }
  }
  const host = node('b', { root, pid: PID, script: lying })
  const target = { ...targetOf([host]), tools: isAllowed ? { etcdFromNodes: true } : {} }
  const own = scratch ?? (await tempScratch())
  const world = memoryWorld({ controlPlane: [host], target, prompter, scratch: own, etcd: withoutEtcd() })
  const notes: string[] = []
  const context = { world, signal: new AbortController().signal, note: (line: string) => void notes.push(line) }
  return { world, notes, scratch: own, run: () => mustHaveEtcd(context, '3.5.30') }
}

const real = (version: string) => (opt: string) =>
  symlinkSync(dirname(release?.etcd ?? ''), join(opt, `etcd-v${version}`))

/** Programs that tell when they were run. */
const fake =
  (mark: string, text = '#!/bin/sh\n') =>
  (opt: string) => {
    mkdirSync(join(opt, 'etcd-v3.5.30'))
    for (const name of ['etcd', 'etcdctl']) {
      writeFileSync(join(opt, 'etcd-v3.5.30', name), `${text}touch ${mark}\n`)
      chmodSync(join(opt, 'etcd-v3.5.30', name), 0o755)
    }
  }

const asking = (confirm: boolean) => ({ ...memoryPrompter({ confirm }), interactive: true })

describeOn(release === undefined ? noEtcd : undefined, 'the etcd that a node carries', () => {
  test('is run here after a yes, to a question that names its digests, and by a resumed run', async () => {
    const prompter = asking(true)
    const { world, notes, run, scratch } = await take({ fill: real(release?.version ?? ''), prompter })
    await run()
    expect(prompter.questions).toHaveLength(1)
    expect(prompter.questions[0]).toMatch(/b carries etcd 3\.5\..*SHA-256: etcd(ctl|utl)? [0-9a-f]{64}/)
    const home = nodePrograms(world, '3.5')
    expect(await findRelease(world, '3.5')).toMatchObject({ version: release?.version, etcd: join(home, 'etcd') })
    expect(notes).toEqual([`etcd ${release?.version} of b is run on this machine: ${dirname(home)}`])
    const resumed = memoryWorld({ scratch, etcd: withoutEtcd() })
    expect(await findRelease(resumed, '3.5')).toMatchObject({ etcd: join(home, 'etcd') })
  })

  test('is not fetched after a no', async () => {
    const { world, run } = await take({ fill: real('3.5.30'), prompter: asking(false) })
    await expect(run()).rejects.toMatchObject({ code: 'ETCD_MISSING', hint: '--etcd-bin-dir DIR' })
    await expect(findRelease(world, '3.5')).rejects.toMatchObject({ code: 'ETCD_MISSING' })
  })

  test('is named where nobody can be asked, and taken where the configuration allows it', async () => {
    const refused = await take({ fill: real('3.5.30') })
    await expect(refused.run()).rejects.toMatchObject({
      code: 'ETCD_MISSING',
      hint: /^b carries etcd 3\.5\.30: with tools\.etcdFromNodes: true .* --etcd-bin-dir DIR/,
    })
    const { world, run } = await take({ fill: real('3.5.30'), isAllowed: true })
    await run()
    expect(await findRelease(world, '3.5')).toMatchObject({ version: release?.version })
  })

  test('is refused when its bytes are not those that were agreed to', async () => {
    const { scratch, run } = await take({ fill: real('3.5.30'), isAllowed: true, digest: '0'.repeat(64) })
    await expect(run()).rejects.toMatchObject({
      code: 'ETCD_MISSING',
      message: /SHA-256 is not the one that the node said/,
    })
    expect(readdirSync(scratch.peek('etcd-of-nodes'))).toEqual(['3.5.part'])
  })
})

test('what is no program of this machine is never run', async () => {
  const mark = join(await tempDir(), 'it-ran')
  const script = await take({ fill: fake(mark), isAllowed: true })
  await expect(script.run()).rejects.toMatchObject({ code: 'ETCD_MISSING', message: /it is no program$/ })
  // ELF, 64 bits, an executable, of a SPARC
  const elf = `\x7fELF\x02\x01${'\0'.repeat(10)}\x02\0\x02\0`
  const sparc = await take({ fill: fake(mark, elf), isAllowed: true })
  await expect(sparc.run()).rejects.toMatchObject({ message: /it is no program for linux\// })
  expect(existsSync(mark)).toBe(false)
})

test('a node that carries no etcd of this minor version offers nothing', async () => {
  const { run } = await take({ fill: (opt) => mkdirSync(join(opt, 'etcd-v3.4.13')), isAllowed: true })
  await expect(run()).rejects.toMatchObject({ code: 'ETCD_MISSING', hint: '--etcd-bin-dir DIR' })
})
