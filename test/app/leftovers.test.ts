import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ownName, removeLeftovers, temporaryDir } from '../../src/app/leftovers.ts'
import { loadSettings } from '../../src/app/settings.ts'
import { withScratch } from '../../src/app/temporary.ts'
import { tempDir } from '../steps/support/temp.ts'
import { testSession } from '../support/session.ts'
import { configOf } from './support.ts'

let workDir: string
let tmp: string
beforeEach(async () => {
  // where a session that sits in this directory has it
  workDir = join(await tempDir(), 'etcd-rescue')
  tmp = temporaryDir(workDir)
  await mkdir(tmp, { recursive: true, mode: 0o700 })
})
afterEach(() => vi.restoreAllMocks())

/** A process that runs, and can be killed as a machine in trouble kills one. */
async function victim() {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  await once(child, 'spawn')
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8')
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  const kill = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const mine = ownName('0123456789abcdef')
  const name = mine.replace(/\.\d+\.\d+\.([0-9a-f]+)$/, `.${child.pid}.${start}.$1`)
  return { name, kill }
}

async function secretIn(dir: string): Promise<void> {
  await mkdir(dir, { mode: 0o700 })
  await writeFile(join(dir, 'db'), 'every Secret')
}

describe('what a killed command left in the work directory', () => {
  it('stays while its process lives, and is removed and told when it is dead', async () => {
    const { name, kill } = await victim()
    await secretIn(join(tmp, name))
    expect(await removeLeftovers(workDir)).toEqual([])
    expect(await readdir(tmp)).toEqual([name])
    await kill()
    expect(await removeLeftovers(workDir)).toEqual([
      expect.stringMatching(/removed what 1 killed command left in .*: 1 file, 12 B/),
    ])
    expect(await readdir(tmp)).toEqual([])
  })

  it('is only what is ours: no link, nothing of another machine, nothing of another name', async () => {
    const { name, kill } = await victim()
    await kill()
    const elsewhere = join(dirname(workDir), 'elsewhere')
    await secretIn(elsewhere)
    const [, ...rest] = name.split('.')
    const others = ['mine', `other-machine.${rest.join('.')}`, name.replace(/-\d+\./, '-1.'), name.replace(/.$/, 'x')]
    for (const other of others) await secretIn(join(tmp, other))
    await symlink(elsewhere, join(tmp, name))
    expect(await removeLeftovers(workDir)).toEqual([])
    expect((await readdir(tmp)).sort()).toEqual([...others, name].sort())
    expect(await readdir(elsewhere)).toEqual(['db'])
  })

  it('is removed without following a link in it', async () => {
    const { name, kill } = await victim()
    await kill()
    const elsewhere = join(dirname(workDir), 'elsewhere')
    await secretIn(elsewhere)
    await secretIn(join(tmp, name))
    await symlink(elsewhere, join(tmp, name, 'link'))
    expect(await removeLeftovers(workDir)).toEqual([expect.stringMatching(/2 files/)])
    expect(await readdir(elsewhere)).toEqual(['db'])
  })

  it('is known by the name that every command gives its directory', async () => {
    const { name, kill } = await victim()
    await kill()
    const config = { ...configOf(['main']), workDir }
    await withScratch(testSession(dirname(workDir)), config, async ({ scratch }) => {
      const dir = await scratch.dir()
      await writeFile(join(dir, 'db'), 'every Secret')
      expect(await removeLeftovers(workDir)).toEqual([])
      const random = basename(dir).split('.').at(-1) ?? ''
      await rename(dir, join(tmp, name.replace('0123456789abcdef', random)))
      expect(await removeLeftovers(workDir)).toEqual([expect.stringMatching(/1 file,/)])
    })
  })

  it.each([
    [true, /1 killed command left data, which may hold Secrets, .* without --dry-run removes it/, 1],
    [false, /removed what 1 killed command left/, 0],
  ])('is looked for by the next command (dry run: %s)', async (dryRun, told, left) => {
    const { name, kill } = await victim()
    await kill()
    await secretIn(join(tmp, name))
    const lines: string[] = []
    vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0)
    await loadSettings(testSession(dirname(workDir), { dryRun }))
    await loadSettings(testSession(dirname(workDir), { dryRun }))
    expect(lines).toEqual([expect.stringMatching(told)])
    expect(await readdir(tmp)).toHaveLength(left)
  })
})
