import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { tempDir } from '../steps/support/temp.ts'
import { startCli } from '../support/cli.ts'
import { etcdReleases, noEtcd, testCacheDir } from '../support/etcd.ts'
import { describeOn } from '../support/skip.ts'

const found = (await etcdReleases()).some(({ minor }) => minor === '3.5')

describeOn(found ? undefined : noEtcd, 'a drill by hand', () => {
  it('is solved by typing what it prints into a terminal that has no etcd-rescue', async () => {
    const top = await tempDir()
    const tmp = join(top, 'tmp')
    await mkdir(tmp)
    const { PATH = '' } = process.env
    const env = { TMPDIR: tmp, XDG_STATE_HOME: join(top, 'state') }
    const { child, finished } = startCli(
      ['drill', '--by-hand', '--keys', '200', '--workers', '0', '--etcd-bin-dir', testCacheDir],
      { env },
    )
    onTestFinished(async () => {
      child.kill('SIGINT')
      await finished
    })
    let shown = ''
    const typed = await new Promise<string[]>((resolve) => {
      child.stderr?.on('data', (chunk) => {
        shown += String(chunk)
        if (shown.includes('Ctrl-C here')) resolve(linesToType(shown))
      })
      child.once('close', () => resolve([]))
    })
    expect(typed, shown).toHaveLength(2)
    const answers = ['--yes', '--confirm', 'drill.example.com', '--etcd-cluster', 'main']
    const script = [typed[0], `${typed[1]} ${answers.join(' ')}`].join('\n')
    await promisify(execFile)('sh', ['-ec', script], { env: { PATH, ...env }, maxBuffer: 1 << 24 })
    child.kill('SIGINT')
    expect(await finished).toMatchObject({ code: 0, stdout: expect.stringContaining('every value the same') })
    expect(await readdir(tmp)).toEqual([])
  }, 300_000)
})

/** The indented lines, without what a screen puts before them. */
const linesToType = (shown: string) =>
  shown
    .split('\n')
    .map((line) => / {2}((?:\. |etcd-rescue ).*)$/.exec(line)?.[1])
    .filter((line) => line !== undefined)
