import { readFileSync, rmSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { putFile } from '../../src/lab/files.ts'
import { buildLab, type Incident, incident, type Lab, measure } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { byPeerId } from '../../src/lab/leader.ts'
import {
  answersFor,
  expectNothingHalfDone,
  expectOneError,
  NO_WAY_THERE,
  REBUILD,
  recover,
  seenThrough,
  workDirs,
} from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { journalLines, startRescue } from '../support/rescue-process.ts'
import { startSshd, sudoMissing } from '../support/sshd.ts'
import { originalsOf } from '../support/trashed.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab
let before: Incident
let originals: Record<string, string>

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 'file', speed: 10, eventsDecoy: false })
  before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 2 })
  originals = originalsOf(lab, before)
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

/** The same cluster, but the way to these control-plane nodes is gone. */
const without = (...names: string[]) =>
  seenThrough(lab, ({ nodes }) => {
    for (const node of nodes.controlPlane) if (names.includes(node.name)) node.address = NO_WAY_THERE
  })

async function nothingHappened(workDir: string) {
  await expectNothingHalfDone(lab, workDir)
  expect(originalsOf(lab, before)).toEqual(originals)
}

test('a host key that is another one than in known_hosts', async () => {
  const file = join(lab.dir, 'wrong_hosts')
  const lines = readFileSync(lab.knownHosts, 'utf8').trimEnd().split('\n')
  const [a = '', b = '', ...rest] = lines
  await putFile(file, [a.replace(/ .*/, b.slice(b.indexOf(' '))), b, ...rest, ''].join('\n'))
  const dir = work.next()
  const run = await recover(await seenThrough(lab, ({ ssh }) => Object.assign(ssh, { knownHosts: file })), dir)
  expectOneError(run, { code: 'HOST_KEY_CHANGED', exit: 20, message: /node a .* has changed/, hint: /wrong_hosts:1/ })
  await nothingHappened(dir)
})

test('a host key that is not known, and nobody to ask', async () => {
  const file = join(lab.dir, 'no_hosts')
  await putFile(file, '')
  const dir = work.next()
  const run = await recover(await seenThrough(lab, ({ ssh }) => Object.assign(ssh, { knownHosts: file })), dir)
  expectOneError(run, { code: 'HOST_KEY_UNKNOWN', exit: 20, message: /SHA256:/, hint: /ssh-keyscan -p \d+ 127\./ })
  expect(readFileSync(file, 'utf8')).toBe('')
  await nothingHappened(dir)
})

test('sudo that is not allowed', async (context) => {
  const { seen, stop, skipped } = await sudoRefusedOnB()
  if (skipped) return context.skip(skipped)
  const dir = work.next()
  const run = await recover(seen, dir).finally(stop)
  expectOneError(run, { code: 'HOST_SUDO', exit: 20, message: /node b .*cannot use sudo/, hint: /NOPASSWD/ })
  await nothingHappened(dir)
})

test('a login that a node refuses', async () => {
  const faults = faultsOf('c')
  faults.refuseLogins = true
  const dir = work.next()
  const run = await recover(lab, dir)
  faults.refuseLogins = false
  expectOneError(run, { code: 'HOST_AUTH', exit: 20, message: /node c .*drill/, hint: /ssh\.identityFile/ })
  await nothingHappened(dir)
})

test('every control-plane node dead', async () => {
  for (const name of ['a', 'b', 'c']) faultsOf(name).down = true
  const dir = work.next()
  const run = await recover(lab, dir)
  for (const name of ['a', 'b', 'c']) faultsOf(name).down = false
  expectOneError(run, { code: 'HOST_UNREACHABLE', exit: 20, message: /node a .*cannot be reached/, hint: /ssh -v -p/ })
  await nothingHappened(dir)
})

test('two of three nodes away, and nobody to ask: they may hold newer data, and nothing is begun', async () => {
  const dir = work.next()
  const run = await recover(await without('b', 'c'), dir)
  expectOneError(run, {
    code: 'ANSWER_MISSING',
    exit: 20,
    message: /not searched, and may hold newer data .*: b \(.*; c \(/,
    hint: /--set unsearched=b,c/,
  })
  await nothingHappened(dir)
})

test('the same when that was said: everything is prepared, and a restore below a quorum is refused before the fence', async () => {
  const dir = work.next()
  const run = await recover(await without('b', 'c'), dir, '--set', 'unsearched=b,c')
  expectOneError(run, {
    code: 'PRECONDITION',
    exit: 30,
    message: /only 1 of 3 control-plane nodes answer: b: .*; c: /,
    hint: /at least 2/,
    step: 'trial-restore',
  })
  await nothingHappened(dir)
})

test('a connection cut at half the transfer, and a node away all the time: the run goes on by itself', async () => {
  const dir = work.next()
  const away = (await byPeerId(lab)).at(-1)?.name ?? ''
  const answers = answersFor(lab).filter((flag) => flag !== '--json')
  const said = ['--set', `unsearched=${away}`]
  const { finished } = startRescue(await without(away), dir, [...REBUILD, ...answers, ...said, '--verbose'])
  const source = await cutDuringTransfer(dir)
  const { code, stderr } = await finished
  expect(code, stderr).toBe(0)
  expect(stderr).toMatch(new RegExp(`${source}: transfer of .* broke .*going on where it stopped`))
  expect(stderr).toMatch(/tail -c \+\d+ /)
  expect(stderr).toMatch(new RegExp(`${away} could not be searched: .*cannot be reached`))
  expect(await measure(lab, before.uncertain)).toEqual(before.expected)
  expect(originalsOf(lab, before)).toEqual(originals)
})

/** Root needs no sudo on the sandbox's own nodes: node b is then a real sshd with a user who may not use it. */
async function sudoRefusedOnB(): Promise<{ seen: Lab; stop: () => Promise<void>; skipped?: string | undefined }> {
  const nothing = { seen: lab, stop: async () => undefined }
  if (userInfo().uid !== 0) {
    const mark = join(pathsOf(nodeOf('b')).bin, 'sudo-refused')
    await putFile(mark, '')
    return { seen: lab, stop: async () => rmSync(mark) }
  }
  if (sudoMissing !== undefined) return { ...nothing, skipped: sudoMissing }
  const key = readFileSync(`${lab.identityFile}.pub`, 'utf8').trim()
  const { address, port, user, knownHostsLines, stop } = await startSshd({ sudo: 'refused', authorizedKeys: [key] })
  const file = join(lab.dir, 'sudo_hosts')
  await putFile(file, readFileSync(lab.knownHosts, 'utf8') + knownHostsLines())
  const seen = await seenThrough(lab, ({ nodes, ssh }) => {
    Object.assign(ssh, { knownHosts: file })
    for (const node of nodes.controlPlane) if (node.name === 'b') Object.assign(node, { address, port, user })
  })
  return { seen, stop }
}

function nodeOf(name: string) {
  const node = lab.nodes.find((one) => one.name === name)
  if (!node) throw new Error(`no node ${name}`)
  return node
}

const HALF = 30 * 1024 * 1024

/** Waits for the copy to be chosen, then lets its node's connection break once, in the middle of the WAL's 64 MiB. */
async function cutDuringTransfer(workDir: string): Promise<string> {
  const until = Date.now() + 60_000
  for (;;) {
    if (Date.now() > until) throw new Error('no copy was chosen')
    const chosen = journalLines(workDir).find(({ type, step }) => type === 'finished' && step === 'choose-copy')
    const node = (chosen as { facts?: { copy?: { node?: string } } } | undefined)?.facts?.copy?.node
    if (node !== undefined) {
      faultsOf(node).killConnectionAfterBytes = HALF
      return node
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function faultsOf(name: string) {
  const faults = lab.faults[name]
  if (!faults) throw new Error(`no node ${name}`)
  return faults
}
