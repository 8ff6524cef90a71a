import { existsSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Noise } from '../../src/adapters/memory/host-noise.ts'
import type { RemoteCommand, RemoteHost } from '../../src/ports/remote-host.ts'
import { tempDir } from '../steps/support/temp.ts'

/** A host with the means to trouble it. Its node has `printf`, `cat`, `head`, `sleep` and `sh`. */
export interface HostUnderTest {
  host: RemoteHost
  /** Breaks the connection that is open now. */
  breakConnection(): void
  /** A port of the node on which something listens that sends back what it gets. */
  echoPort: number
  /** The same node with a login shell that says this beside each command. */
  noisy(noise: Noise): Promise<{ host: RemoteHost; stop(): Promise<void> }>
  stop(): Promise<void>
}

/** What was seen on nodes: sudo without a name service, a missing locale, a message of the day, a farewell. */
const NOISE: Noise = {
  before: 'Welcome to node a!\n\n * 3 updates can be applied.\n{"containers":[]}\n',
  after: 'bye\n',
  stderr:
    'sudo: unable to resolve host ip-10-0-0-12: Name or service not known\nbash: warning: setlocale: LC_ALL: cannot change locale (de_DE.UTF-8)\n',
}

/** Goes on until it is stopped, and says by a file that it has begun; begun once more it ends. */
export const BEGINS = 'if [ -e "$1" ]; then printf done; else : >"$1"; sleep 30; fi'

const HOSTILE = [
  "'",
  '"',
  '\\',
  '$(exit 9)',
  '`exit 9`',
  ';exit 9',
  '*',
  '-n',
  '',
  ' a  b ',
  'a\nb',
  '~',
  '!x',
  'ä€😀',
  "a'b'c",
]

/** What every `RemoteHost` keeps to, whatever is behind it. */
export function remoteHostContract(name: string, make: () => Promise<HostUnderTest>): void {
  describe(`remote host: ${name}`, () => {
    let under: HostUnderTest
    let host: RemoteHost
    beforeAll(async () => {
      under = await make()
      host = under.host
    })
    afterAll(() => under?.stop())
    const read = (argv: RemoteCommand['argv'], more: Partial<RemoteCommand> = {}) =>
      host.run({ effect: 'read', argv, ...more })
    const sh = (script: string, more: Partial<RemoteCommand> = {}) => read(['sh', '-c', script], more)

    describe('run', () => {
      test('keeps output and errors apart', async () => {
        expect(await sh('printf out; printf err >&2')).toEqual({ code: 0, stdout: 'out', stderr: 'err' })
      })

      test('passes hostile arguments on byte for byte', async () => {
        const { stdout } = await read(['printf', '%s\\0', ...HOSTILE])
        expect(stdout.split('\0')).toEqual([...HOSTILE, ''])
      })

      test('an exit code that is no answer is HOST_COMMAND and says what the node said', async () => {
        const failing = sh('printf why >&2; exit 3')
        await expect(failing).rejects.toMatchObject({ code: 'HOST_COMMAND' })
        await expect(failing).rejects.toThrow(new RegExp(`${host.name}.*exit code 3.*why`, 's'))
      })

      test('an exit code that is an answer is given back', async () => {
        expect(await sh('printf why >&2; exit 3', { okCodes: [0, 3] })).toMatchObject({ code: 3, stderr: 'why' })
      })

      test('a command that is not there is HOST_COMMAND', async () => {
        await expect(read(['no-such-command'])).rejects.toMatchObject({ code: 'HOST_COMMAND' })
      })

      test('sends standard input and closes it', async () => {
        const text = 'ä\n'.repeat(100_000)
        expect((await read(['cat'], { stdin: text })).stdout).toBe(text)
        expect((await read(['cat'])).stdout).toBe('')
      })

      test('more output than allowed is HOST_OUTPUT', async () => {
        const much = read(['head', '-c', '3000000', '/dev/zero'], { maxOutputBytes: 1000 })
        await expect(much).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
      })

      test('keeps only the end of a long stderr', async () => {
        const { stderr } = await sh('head -c 100000 /dev/zero >&2; printf end >&2')
        expect(stderr.length).toBeLessThanOrEqual(8192)
        expect(stderr.endsWith('end')).toBe(true)
      })

      test('a command that does not end is given up at its deadline', async () => {
        const start = Date.now()
        const slow = read(['sleep', '30'], { timeoutMs: 300 })
        await expect(slow).rejects.toMatchObject({ code: 'HOST_COMMAND' })
        await expect(slow).rejects.toThrow(/within 0.3s/)
        expect(Date.now() - start).toBeLessThan(5000)
      })

      test('stops when its signal fires, and does not begin when it had fired', async () => {
        const signal = AbortSignal.timeout(200)
        await expect(read(['sleep', '30'], { signal })).rejects.toMatchObject({ name: 'TimeoutError' })
        await expect(read(['sleep', '30'], { signal: AbortSignal.abort() })).rejects.toMatchObject({
          name: 'AbortError',
        })
      })

      test('runs more commands at once than sshd has sessions', async () => {
        const all = Array.from({ length: 25 }, (_, index) => read(['printf', '%s', `${index}`]))
        expect((await Promise.all(all)).map(({ stdout }) => stdout)).toEqual(all.map((_, index) => `${index}`))
      })
    })

    describe('stream', () => {
      const stream = (argv: RemoteCommand['argv'], more: Partial<RemoteCommand> = {}) =>
        host.stream({ effect: 'read', argv, ...more })

      test('gives every byte, then the exit code', async () => {
        const { stdout, done } = await stream(['head', '-c', '20000000', '/dev/zero'])
        expect(await sizeOf(stdout)).toBe(20_000_000)
        expect(await done).toEqual({ code: 0, stderr: '' })
      })

      test('a failing command fails the bytes and the answer alike', async () => {
        const { stdout, done } = await stream(['sh', '-c', 'printf some; printf why >&2; exit 5'])
        await expect(sizeOf(stdout)).rejects.toMatchObject({ code: 'HOST_COMMAND' })
        await expect(done).rejects.toThrow(/exit code 5.*why/)
      })

      test('holds little while nobody reads, and does not call that silence', async () => {
        const { stdout, done } = await stream(['head', '-c', '60000000', '/dev/zero'], { timeoutMs: 2000 })
        const chunks = stdout[Symbol.asyncIterator]()
        let size = (await chunks.next()).value.length
        await sleep(2500)
        expect(stdout.readableLength).toBeLessThan(8 << 20)
        for (let next = await chunks.next(); !next.done; next = await chunks.next()) size += next.value.length
        expect(size).toBe(60_000_000)
        expect((await done).code).toBe(0)
      })

      test('a node that sends nothing is given up', async () => {
        const { stdout, done } = await stream(['sleep', '30'], { timeoutMs: 300 })
        await expect(sizeOf(stdout)).rejects.toMatchObject({ code: 'HOST_COMMAND' })
        await expect(done).rejects.toThrow(/nothing for 0.3s/)
      })

      test('can be cancelled, by call and by signal', async () => {
        const one = await stream(['sleep', '30'])
        one.cancel()
        await expect(one.done).rejects.toMatchObject({ name: 'AbortError' })
        const controller = new AbortController()
        const other = await stream(['sleep', '30'], { signal: controller.signal })
        controller.abort()
        await expect(other.done).rejects.toMatchObject({ name: 'AbortError' })
        expect((await read(['printf', 'still there'])).stdout).toBe('still there')
      })
    })

    describe('a connection that breaks', () => {
      /** A file that a command makes when it begins: every host of this contract is this machine. */
      const newMark = async () => join(await tempDir(), 'begun')
      const hasBegun = (mark: string) => expect.poll(() => existsSync(mark), { timeout: 20_000 }).toBe(true)

      test('a read is repeated by itself', async () => {
        const mark = await newMark()
        const running = read(['sh', '-c', BEGINS, 'sh', mark])
        await hasBegun(mark)
        under.breakConnection()
        expect((await running).stdout).toBe('done')
      })

      test('a change is not: it may have happened', async () => {
        const mark = await newMark()
        const running = host.run({ effect: 'change', argv: ['sh', '-c', BEGINS, 'sh', mark] })
        const refused = expect(running).rejects.toMatchObject({ code: 'HOST_CONNECTION_LOST' })
        await hasBegun(mark)
        under.breakConnection()
        await refused
        expect((await read(['printf', 'back'])).stdout).toBe('back')
      })

      test('a stream fails and never ends as if all had come', async () => {
        const { stdout, done } = await host.stream({ effect: 'read', argv: ['sleep', '30'] })
        const refused = expect(sizeOf(stdout)).rejects.toMatchObject({ code: 'HOST_CONNECTION_LOST' })
        await sleep(100)
        under.breakConnection()
        await refused
        await expect(done).rejects.toMatchObject({ code: 'HOST_CONNECTION_LOST' })
      })
    })

    describe('a login shell that says something of its own', () => {
      const through = async <T>(noise: Noise, body: (host: RemoteHost) => Promise<T>): Promise<T> => {
        const { host: noisy, stop } = await under.noisy(noise)
        try {
          return await body(noisy)
        } finally {
          await stop()
        }
      }
      const printed = { effect: 'read', argv: ['sh', '-c', 'printf why >&2; exit 3'], okCodes: [0, 3] } as const

      test('is not taken for the answer, and changes no exit code', async () => {
        await through(NOISE, async (noisy) => {
          expect(
            (await noisy.run({ effect: 'read', argv: ['printf', '%s\\0', ...HOSTILE] })).stdout.split('\0'),
          ).toEqual([...HOSTILE, ''])
          expect(await noisy.run({ effect: 'read', argv: ['cat'] })).toMatchObject({ code: 0, stdout: '' })
          expect(await noisy.run(printed)).toMatchObject({ code: 3, stdout: '' })
        })
      })

      test('leaves a stream byte for byte as it was', async () => {
        await through(NOISE, async (noisy) => {
          const argv = ['head', '-c', '3000000', '/dev/zero'] as const
          const { stdout, done } = await noisy.stream({ effect: 'read', argv })
          expect(await sizeOf(stdout)).toBe(3_000_000)
          expect(await done).toMatchObject({ code: 0 })
        })
      })

      test('and runs nothing at all: that is no empty answer, also where it ends with 0', async () => {
        await through({ before: 'This account is for backups only.\n', isMute: true }, async (noisy) => {
          await expect(noisy.run({ effect: 'read', argv: ['cat'] })).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
          const { stdout, done } = await noisy.stream({ effect: 'read', argv: ['cat'] })
          await expect(sizeOf(stdout)).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
          await expect(done).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
        })
      })

      test('and breaks off: half an answer is none', async () => {
        await through({ cutAt: 1000 }, async (noisy) => {
          const argv = ['head', '-c', '3000', '/dev/zero'] as const
          await expect(noisy.run({ effect: 'read', argv })).rejects.toMatchObject({ code: 'HOST_OUTPUT' })
        })
      })
    })

    describe('forward', () => {
      test('carries bytes both ways through a socket that only its owner can use', async () => {
        const forward = await host.forward(under.echoPort)
        expect(statSync(forward.socketPath).mode & 0o777).toBe(0o600)
        expect(statSync(dirname(forward.socketPath)).mode & 0o777).toBe(0o700)
        expect(await echo(forward.socketPath, 'hello')).toBe('hello')
        await forward.close()
        expect(existsSync(dirname(forward.socketPath))).toBe(false)
      })
    })

    test('at rest, the next call connects again; what still runs goes on', async () => {
      const forward = await host.forward(under.echoPort)
      const running = read(['printf', 'done'])
      await host.rest()
      expect(await echo(forward.socketPath, 'hello')).toBe('hello')
      expect((await running).stdout).toBe('done')
      await forward.close()
      await host.rest()
      await host.rest()
      expect((await read(['printf', 'again'])).stdout).toBe('again')
    })

    test('after close: calls are refused, forwards are gone', async () => {
      const { socketPath } = await host.forward(under.echoPort)
      await host.close()
      expect(existsSync(socketPath)).toBe(false)
      await expect(read(['printf', 'x'])).rejects.toMatchObject({ code: 'HOST_CONNECTION_LOST' })
    })
  })
}

export async function sizeOf(stream: AsyncIterable<Buffer>): Promise<number> {
  let size = 0
  for await (const chunk of stream) size += chunk.length
  return size
}

function echo(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('error', reject)
    socket.once('data', (chunk) => {
      socket.destroy()
      resolve(String(chunk))
    })
    socket.write(text)
  })
}
