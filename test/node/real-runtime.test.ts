import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { containerRuntimeContract } from '../contracts/container-runtime.ts'
import { staticPodContract } from '../contracts/static-pods.ts'
import { cli } from '../support/cli.ts'
import { kubeletMissing, runtimeMissing } from '../support/real-node.ts'
import { realKubelet, realRuntime } from '../support/real-runtime.ts'
import { describeOn } from '../support/skip.ts'

describeOn(runtimeMissing, 'a real containerd', () => {
  containerRuntimeContract('containerd by crictl', realRuntime)
})

describeOn(kubeletMissing, 'a real kubelet', () => {
  staticPodContract('kubelet on containerd', realKubelet)

  describe('the commands over ssh', () => {
    let under: Awaited<ReturnType<typeof realKubelet>>
    let dir: string
    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'rescue-real-'))
      under = await realKubelet()
      const { sshd, run, at } = under
      run('mkdir', '-p', '/mnt/master-vol-main/data')
      mkdirSync(join(dir, 'state/a.example.com/backups/etcd/main/control'), { recursive: true })
      writeFileSync(at('/mnt/master-vol-main/myid'), 'AAA')
      const { port, user, identityFile, knownHosts } = sshd
      const nodes = { controlPlane: [{ name: 'node-a', address: sshd.address, volumes: ['/mnt/master-vol-main'] }] }
      const ssh = { port, user, identityFile, knownHosts, sudo: false }
      const config = { cluster: 'a.example.com', state: `file://${dir}/state`, ssh, nodes, workDir: join(dir, 'work') }
      writeFileSync(join(dir, 'etcd-rescue.yaml'), JSON.stringify(config))
    }, 120_000)
    afterAll(async () => {
      await under?.stop()
      rmSync(dir, { recursive: true, force: true })
    })
    const containers = (name: string) =>
      under.run('crictl', 'ps', '-q', '--name', name).trim().split('\n').filter(Boolean)
    const rescue = async (...args: string[]) => {
      const done = await cli([
        ...args,
        '--yes',
        '--confirm',
        'a.example.com',
        '--config',
        join(dir, 'etcd-rescue.yaml'),
      ])
      expect(done.stderr).toContain(args.at(-1))
      expect(done).toMatchObject({ code: 0 })
      return done
    }

    test('fence: no API server runs, and kubelet starts none; unfence: another runs', async () => {
      const before = containers('kube-apiserver')
      await rescue('fence')
      expect(containers('kube-apiserver')).toEqual([])
      await rescue('unfence')
      const after = containers('kube-apiserver')
      expect(after).toHaveLength(1)
      expect(after).not.toEqual(before)
    }, 120_000)

    test('restart etcd-manager: another container of main runs, and that of events goes on', async () => {
      const before = containers('etcd-manager')
      await rescue('restart', 'etcd-manager')
      const after = containers('etcd-manager')
      expect(after.filter((id) => before.includes(id))).toHaveLength(before.length - 1)
      expect(after).toHaveLength(before.length)
    }, 120_000)
  })
})
