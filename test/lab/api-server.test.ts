import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { putKey } from '../../src/lab/etcd/kv.ts'
import { addLandmarks } from '../../src/lab/fill.ts'
import type { Lab } from '../../src/lab/index.ts'
import { jsonLines } from '../../src/lab/json-lines.ts'
import { podValue } from '../../src/lab/kube-kinds.ts'
import { API_PORT, pathsOf } from '../../src/lab/layout.ts'
import { pause } from '../../src/lab/wait.ts'
import { nodeOf, release, smallLab, without } from './support/lab.ts'

const WEB = '/api/v1/namespaces/web/pods'

describe.skipIf(release === undefined)(`the API server double (${release?.version ?? without})`, () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await smallLab({ apiserver: true, workers: 1 })
    await lab.ready()
    await addLandmarks(lab)
  }, 120_000)
  afterAll(() => lab?.close())

  it('lists the pods of a namespace with their nodes, as etcd has them now', async () => {
    const pods = async () => JSON.parse((await get(lab, WEB)).text).items.map(described)
    expect(await pods()).toEqual(['web/web-w1-0 on w1', 'web/web-w1-1 on w1', 'web/web-w1-2 on w1'])
    const gateway = lab.etcd('b')
    await putKey(gateway, '/registry/pods/web/new', podValue('new', { namespace: 'web', node: 'w9', uid: 'u' }))
    gateway.close()
    expect(await pods()).toContain('web/new on w9')
  })

  it('accepts a watch from the future and stays silent, tells one from before its list 410, and a list 504', async () => {
    // its cache begins with its start
    await lab.killPods('a', 'kube-apiserver')
    const toldOld = async () => {
      const old = watching(lab, 1)
      return [await old.ended, ...old.events]
    }
    const message = expect.stringMatching(/^too old resource version: 1 \(\d+\)$/)
    const expired = { type: 'ERROR', object: expect.objectContaining({ code: 410, reason: 'Expired', message }) }
    await expect.poll(toldOld, { timeout: 30_000 }).toEqual([200, expired])
    const current = await versionNow(lab)
    const [last, future] = [watching(lab, current), watching(lab, current + 1000)]
    onTestFinished(() => {
      last.stop()
      future.stop()
    })
    await Promise.all([last.accepted, future.accepted])
    const made = await putPod(lab, 'seen')
    await expect.poll(() => last.events.length, { timeout: 30_000 }).toBe(1)
    expect(last.events).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: 'seen', resourceVersion: String(made) } } },
    ])
    expect(future.events).toEqual([])
    const tooLarge = await get(lab, `${WEB}?resourceVersion=${made + 1000}`)
    const why = expect.stringMatching(new RegExp(`^Too large resource version: ${made + 1000}, current: \\d+$`))
    expect([tooLarge.status, JSON.parse(tooLarge.text).message]).toEqual([504, why])
  }, 60_000)

  it('answers nothing else, and nobody without a certificate', async () => {
    expect((await get(lab, '/api/v1/nodes')).status).toBe(404)
    await expect(get(lab, WEB, false)).rejects.toThrow()
  })

  it('is asked by kubelets, which stop what it does not list and keep the rest', async () => {
    const paused = async () => {
      lab.pauseKubelets(true)
      await pause(2 * lab.settings.loopSeconds * 1000)
    }
    await lab.kubeletsAnswered(30_000)
    expect(await lab.workloads()).toEqual({ expected: 3, running: 3 })
    await paused()
    const gateway = lab.etcd()
    await gateway.call('/v3/kv/deleterange', { key: Buffer.from('/registry/pods/web/web-w1-1').toString('base64') })
    gateway.close()
    expect(await lab.workloads()).toEqual({ expected: 3, running: 3 })
    lab.pauseKubelets(false)
    await lab.kubeletsAnswered(30_000)
    expect(await lab.workloads()).toEqual({ expected: 3, running: 2 })
  }, 90_000)

  it('is a static pod with the name and the label that kOps gives it', async () => {
    const { manifests } = pathsOf(nodeOf(lab, 'a'))
    const manifest = async (name: string) => parse(await readFile(join(manifests, name), 'utf8'))
    expect(await manifest('kube-apiserver.manifest')).toMatchObject({
      kind: 'Pod',
      metadata: { name: 'kube-apiserver', namespace: 'kube-system', labels: { 'k8s-app': 'kube-apiserver' } },
    })
    expect(await manifest('etcd-main-control-plane-a.manifest')).toMatchObject({
      metadata: { name: 'etcd-manager-main', labels: { 'k8s-app': 'etcd-manager-main' } },
      spec: { containers: [{ name: 'etcd-manager' }] },
    })
  })
})

const versionNow = async (lab: Lab) => Number(JSON.parse((await get(lab, WEB)).text).metadata.resourceVersion)

async function putPod(lab: Lab, name: string): Promise<number> {
  const gateway = lab.etcd('b')
  const value = podValue(name, { namespace: 'web', node: 'w9', uid: 'u' })
  return putKey(gateway, `/registry/pods/web/${name}`, value).finally(gateway.close)
}

/** A watch after a resource version: when it was accepted, what came, and the status with which it ended. */
function watching(lab: Lab, version: number) {
  const events: { type: string; object: object }[] = []
  const stop = new AbortController()
  let accept = () => {}
  const accepted = new Promise<void>((resolve) => {
    accept = resolve
  })
  const path = `${WEB}?watch=true&resourceVersion=${version}`
  const ended = (async () => {
    const answer = await open(lab, path, true, stop.signal)
    accept()
    for await (const event of jsonLines<(typeof events)[number]>(answer)) events.push(event)
    return answer.statusCode
  })().catch(() => undefined)
  return { events, accepted, ended, stop: () => stop.abort() }
}

interface Item {
  metadata: { namespace: string; name: string }
  spec: { nodeName: string }
}

const described = ({ metadata, spec }: Item) => `${metadata.namespace}/${metadata.name} on ${spec.nodeName}`

async function get(lab: Lab, path: string, withCertificate = true): Promise<{ status: number; text: string }> {
  const answer = await open(lab, path, withCertificate)
  return { status: answer.statusCode ?? 0, text: await text(answer) }
}

async function open(lab: Lab, path: string, withCertificate: boolean, signal?: AbortSignal): Promise<IncomingMessage> {
  const node = nodeOf(lab, 'a')
  const pem = (name: string) => readFile(join(pathsOf(node).clientPki, name), 'utf8')
  const tls = withCertificate ? { cert: await pem('server.crt'), key: await pem('server.key') } : {}
  const options = { host: node.address, port: API_PORT, path, ca: await pem('ca.crt'), ...tls }
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, ...(signal ? { signal } : {}) }, resolve)
    sent.on('error', reject)
    sent.end()
  })
}
