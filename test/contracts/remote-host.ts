import { existsSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RemoteCommand, RemoteHost } from '../../src/ports/remote-host.ts'

/** A host with the means to trouble it. Its node has `printf`, `cat`, `head`, `sleep` and `sh`. */
export interface HostUnderTest {
  host: RemoteHost
  /** Breaks the connection that is open now. */
  breakConnection(): void
  /** A port of the node on which something listens that sends back what it gets. */
  echoPort: number
  stop(): Promise<void>
}

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
      test('a read is repeated by itself', async () => {
        const running = sh('sleep 0.4; printf done')
        await sleep(150)
        under.breakConnection()
        expect((await running).stdout).toBe('done')
      })

      test('a change is not: it may have happened', async () => {
        const running = host.run({ effect: 'change', argv: ['sh', '-c', 'sleep 0.4; printf done'] })
        const refused = expect(running).rejects.toMatchObject({ code: 'HOST_CONNECTION_LOST' })
        await sleep(150)
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
