import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { type MemoryScript, memoryHost } from '../../../src/adapters/memory/host.ts'
import type { Noise } from '../../../src/adapters/memory/host-noise.ts'
import type { SshHostOptions } from '../../../src/adapters/ssh/options.ts'
import { BEGINS, type HostUnderTest, remoteHostContract } from '../../contracts/remote-host.ts'
import { startNoisySshd } from '../../support/noisy-sshd.ts'
import { describeOn } from '../../support/skip.ts'
import { sshdMissing, startSshd } from '../../support/sshd.ts'
import { startProxy } from '../../support/tcp-proxy.ts'
import { open } from './open.ts'

remoteHostContract('in memory', async () => {
  const host = memoryHost({ script: fewCommands, ports: { 7: (socket) => void socket.pipe(socket) } })
  const noisy = async (noise: Noise) => {
    const other = memoryHost({ script: fewCommands, noise })
    return { host: other, stop: () => other.close() }
  }
  return { host, breakConnection: () => host.breakConnection(), echoPort: 7, noisy, stop: () => host.close() }
})

describeOn(sshdMissing, 'real sshd', () => {
  remoteHostContract('ssh2', () => real('ssh2'))
  remoteHostContract("the system's ssh", () => real('system'))
})

async function real(transport: NonNullable<SshHostOptions['transport']>): Promise<HostUnderTest> {
  const sshd = await startSshd()
  const proxy = await startProxy(sshd)
  const echo = createServer((socket) => void socket.pipe(socket).on('error', () => {}))
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  const host = open(sshd, { port: proxy.port, transport })
  const address = echo.address()
  return {
    host,
    breakConnection: () => proxy.cut(),
    echoPort: address !== null && typeof address === 'object' ? address.port : 0,
    noisy: (noise) => noisySshd(noise, transport),
    stop: async () => {
      await host.close()
      await proxy.stop()
      await new Promise((resolve) => echo.close(resolve))
      await sshd.stop()
    },
  }
}

/** An sshd whose every command goes through a shell that speaks, as login shells do. */
async function noisySshd(noise: Noise, transport: NonNullable<SshHostOptions['transport']>) {
  const sshd = await startNoisySshd(noise)
  const host = open(sshd, { transport })
  return {
    host,
    stop: async () => {
      await host.close()
      await sshd.stop()
    },
  }
}

/** The commands that the contract uses, and no more. */
const fewCommands: MemoryScript = (argv, stdin) => {
  const [program, ...args] = argv
  if (program === 'cat') return { stdout: stdin }
  if (program === 'sleep') return { hangs: true }
  if (program === 'head') return { stdout: zeros(Number(args[1])) }
  if (program === 'printf') {
    return {
      stdout:
        args[0] === '%s\\0'
          ? args
              .slice(1)
              .map((arg) => `${arg}\0`)
              .join('')
          : (args[1] ?? args[0] ?? ''),
    }
  }
  if (args[1] === BEGINS) return begins(args[3] ?? '')
  return SCRIPTS.get(args[1] ?? '')
}

const SCRIPTS = new Map([
  ['printf out; printf err >&2', { stdout: 'out', stderr: 'err' }],
  ['printf why >&2; exit 3', { code: 3, stderr: 'why' }],
  ['head -c 100000 /dev/zero >&2; printf end >&2', { stderr: `${'\0'.repeat(100_000)}end` }],
  ['printf some; printf why >&2; exit 5', { code: 5, stdout: 'some', stderr: 'why' }],
])

function begins(mark: string): { delayMs?: number; stdout: string } {
  if (existsSync(mark)) return { stdout: 'done' }
  writeFileSync(mark, '')
  return { delayMs: 30_000, stdout: '' }
}

function* zeros(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536))
}
