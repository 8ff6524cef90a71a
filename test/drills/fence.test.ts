import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildLab, incident, type Lab } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { startKubeletAgain, stopKubelet } from '../../src/lab/scenarios/kubelet-down.ts'
import { pause, waitFor } from '../../src/lab/wait.ts'
import { answersFor, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { runRescue, startRescue } from '../support/rescue-process.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 2, store: 'file', speed: 20, eventsDecoy: false })
  await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 8 })
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

async function type(command: string): Promise<void> {
  const run = await runRescue(lab, work.next(), [command, ...answersFor(lab)])
  expect(run.code, run.stderr).toBe(0)
}

test('before and during the incident nothing that runs is stopped', async () => {
  expect(await lab.workloads()).toEqual({ expected: 6, running: 6 })
})

test('behind the fence kubelets keep what runs', { retry: 0 }, async () => {
  await type('fence')
  lab.pauseKubelets(false)
  await pause(5 * lab.settings.loopSeconds * 1000)
  expect(await lab.workloads()).toEqual({ expected: 6, running: 6 })
})

test('without it, API servers that serve the empty cluster make kubelets stop all of it', { retry: 0 }, async () => {
  await type('unfence')
  await lab.kubeletsAnswered(60_000)
  expect(await lab.workloads()).toEqual({ expected: 6, running: 0 })
})

/** What a node that starts again does behind the fence, when etcd-manager is stopped as well: its manifest is written anew. */
async function apiserverComesBack(name: string): Promise<void> {
  const node = lab.nodes.find((one) => one.name === name)
  if (node === undefined) throw new Error(`no node ${name}`)
  const away = (file: string) => join(node.root, 'etc/kubernetes/etcd-rescue', file)
  const stopped = [away('kube-apiserver.manifest'), away(`etcd-main-control-plane-${name}.manifest`)]
  await waitFor('etcd-manager is stopped behind the fence', 240_000, async () => stopped.every(existsSync) || undefined)
  await copyFile(away('kube-apiserver.manifest'), join(pathsOf(node).manifests, 'kube-apiserver.manifest'))
}

test('one kubelet that is down and an API server back behind the fence keep no cluster down: both are told', async () => {
  await stopKubelet(lab, 'b')
  const args = ['recover', '--method', 'return-in-place', ...answersFor(lab)]
  const { finished } = startRescue(lab, work.next(), args)
  const back = apiserverComesBack('c')
  const run = await finished
  expect(run.code, run.stderr).toBe(0)
  await back
  const { status, verified, left } = JSON.parse(run.stdout)
  expect({ status, verified }).toMatchObject({ status: 'succeeded', verified: { digestMatches: true } })
  const start = { node: 'b', command: 'sudo systemctl start kubelet', onNode: true }
  expect(left).toEqual([
    expect.objectContaining({ node: 'c', what: expect.stringMatching(/^an API server was back behind the fence/) }),
    expect.objectContaining({ ...start, what: expect.stringMatching(/^etcd-manager could not be started/) }),
    expect.objectContaining({ ...start, what: expect.stringMatching(/^the API server could not be started/) }),
  ])
  await startKubeletAgain(lab, 'b')
  await lab.ready()
})
