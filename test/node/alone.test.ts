import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { clearParts } from '../../src/node/alone.ts'
import { copyDirOn } from '../../src/node/copy-dir.ts'
import { restoreMemberOn, unpackOn } from '../../src/node/restore-member.ts'
import { writeFileOn } from '../../src/node/write-file.ts'
import type { RemoteHost } from '../../src/ports/remote-host.ts'
import { open } from '../adapters/ssh/open.ts'
import { tempDir } from '../steps/support/temp.ts'
import { describeOn } from '../support/skip.ts'
import { sshdMissing, startSshd } from '../support/sshd.ts'
import { localHost } from './fake.ts'

const host = localHost()
let dir: string
const at = (...parts: string[]) => join(dir, ...parts)
const read = (...parts: string[]) => (existsSync(at(...parts)) ? readFileSync(at(...parts), 'utf8') : '')

async function until(what: string, is: () => boolean): Promise<void> {
  const end = Date.now() + 60_000
  while (!is()) {
    if (Date.now() > end) throw new Error(`never: ${what}`)
    await sleep(20)
  }
}

/** A restore that has done its first half, and does the other one when the file `go` is there. It writes to no pipe. */
function slowTool(): string {
  const file = at('etcdutl')
  const lines = [
    '#!/bin/sh',
    'for a; do case "$a" in --data-dir=*) d=$(expr "$a" : "--data-dir=\\(.*\\)");; esac; done',
    `echo begun >>${at('starts')}`,
    'mkdir -p "$d/member/snap" "$d/member/wal" || exit 1; printf half >"$d/member/snap/db"',
    `while ! [ -e ${at('go')} ]; do sleep 0.05; done`,
    'printf " and half" >>"$d/member/snap/db"; echo log >"$d/member/wal/0.wal"',
    `echo ended >>${at('starts')}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  chmodSync(file, 0o755)
  return file
}

const restoreBy = (host: RemoteHost) =>
  restoreMemberOn(host, {
    ...{
      tool: slowTool(),
      snapshot: at('snapshot.db'),
      dataDir: at('etcd-rescue/seed/token'),
      name: 'a',
      token: 'token',
    },
    ...{ peerUrl: 'https://a:2380', initialCluster: ['a=https://a:2380'] },
  })

beforeEach(async () => {
  dir = await tempDir()
})

describeOn(sshdMissing, 'what takes long on a node, when its session breaks', () => {
  it('is waited for by who resumes: never two in one directory, and nothing half is published', async () => {
    const sshd = await startSshd()
    const [first, other] = [open(sshd), open(sshd)]
    onTestFinished(async () => {
      await other.close()
      await sshd.stop()
    })
    const lost = restoreBy(first).catch((error: unknown) => error)
    await until('the first restore is half done', () => read('starts') === 'begun\n')
    await first.close()
    expect(await lost).toBeInstanceOf(Error)
    const second = restoreBy(other)
    // the second has asked, was told that the first still works there, and asks again
    await until('the second asks', () => sshd.log().split('Accepted').length > 2)
    await sleep(1500)
    expect([read('starts'), readdirSync(at('etcd-rescue/seed')).includes('token')]).toEqual(['begun\n', false])
    writeFileSync(at('go'), '')
    await second
    expect(read('starts')).toBe('begun\nended\n')
    expect(read('etcd-rescue/seed/token/member/snap/db')).toBe('half and half')
    expect(readdirSync(at('etcd-rescue/seed'))).toEqual(['token'])
  })
})

/** Another process that works in this directory, until `end`. */
async function busy(path: string) {
  mkdirSync(path, { recursive: true })
  const holder = spawn('flock', ['-o', path, 'sh', '-c', 'echo held; exec sleep 600'])
  const end = () => void holder.kill('SIGKILL')
  onTestFinished(end)
  await once(holder.stdout, 'data')
  return end
}

describe('what is published on a node by its name', () => {
  it.each([
    ['a restored member', 'seed/token', (to: string) => restoreBy(host).then(() => to)],
    ['a copy', 'aside/token', (to: string) => copyDirOn(host, { from: at('from'), to }, 'copy')],
    ['an unpacked file', 'sent/file', (to: string) => unpackOn(host, at('file.gz'), to)],
  ])('%s waits for who works there, and removes what a dead attempt left', async (_, path, make) => {
    mkdirSync(at('from/member'), { recursive: true })
    writeFileSync(at('from/member/db'), 'whole')
    writeFileSync(at('file.gz'), gzipSync('whole'))
    writeFileSync(at('go'), '')
    const to = at('etcd-rescue', path)
    const end = await busy(join(to, '..'))
    mkdirSync(`${to}.part.1/member`, { recursive: true })
    let done = false
    const making = make(to).then(() => {
      done = true
    })
    await sleep(1500)
    expect([done, existsSync(to), existsSync(`${to}.part.1`)]).toEqual([false, false, true])
    end()
    await making
    expect(readdirSync(join(to, '..'))).toEqual([path.split('/')[1]])
  })

  it('a part of who is dead is removed, and one of who still works is waited for', async () => {
    const path = at('etcd-rescue/seed/token')
    await clearParts(host, path)
    expect(existsSync(at('etcd-rescue'))).toBe(false)
    mkdirSync(`${path}.part.77`, { recursive: true })
    const end = await busy(at('etcd-rescue/seed'))
    const clearing = clearParts(host, path)
    await sleep(500)
    expect(existsSync(`${path}.part.77`)).toBe(true)
    end()
    await clearing
    expect(readdirSync(at('etcd-rescue/seed'))).toEqual([])
  })

  it('a small file is not taken from the part of another attempt', async () => {
    // a session that broke: its command has got half of what it was sent, and waits for the rest
    const other = spawn('sh', ['-c', `cat >${at('state.part')}`])
    onTestFinished(() => void other.kill('SIGKILL'))
    other.stdin.write('half of it')
    await until('half is there', () => read('state.part') === 'half of it')
    await writeFileOn(host, at('state'), Buffer.from('new'), at('state.before'))
    other.stdin.end(' and the rest')
    await once(other, 'exit')
    expect([read('state'), lstatSync(at('state')).mode & 0o777]).toEqual(['new', 0o600])
  })

  it('a small file that finds no room leaves nothing half, and what was there', async () => {
    writeFileSync(at('state'), 'old')
    const cut = { ...host, run: (command: Parameters<RemoteHost['run']>[0]) => host.run({ ...command, stdin: 'ne' }) }
    await expect(writeFileOn(cut, at('state'), Buffer.from('new'), at('state.before'))).rejects.toMatchObject({
      code: 'DISK_FULL',
    })
    expect(readdirSync(dir).sort()).toEqual(['state', 'state.before'])
    expect(read('state')).toBe('old')
  })
})
