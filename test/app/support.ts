import { createSshSession } from '../../src/adapters/ssh/session.ts'
import type { Session } from '../../src/app/session.ts'
import type { Config } from '../../src/config/index.ts'

/** A configuration with three control-plane nodes and these etcd clusters, whose stores need not be there. */
export function configOf(etcdClusters: readonly string[]): Config {
  const node = (name: string) => ({ name, address: `10.0.0.${name.charCodeAt(0)}`, root: '/', volumes: ['/mnt/*'] })
  return {
    cluster: 'a.example.com',
    etcdClusters: Object.fromEntries(etcdClusters.map((name) => [name, { backupStore: `s3://store/${name}` }])),
    s3: {},
    ssh: { sudo: true },
    nodes: { controlPlane: ['a', 'b', 'c'].map(node), workers: [] },
    volumes: ['/mnt/*'],
    logs: {},
    tools: {},
    workDir: '/nowhere',
    loopSeconds: 10,
    warnings: [],
  }
}

/** Nobody is asked and nothing is shown. */
export function sessionIn(cwd: string): Session {
  const screen = { listen: () => {}, pause: () => {}, resume: () => {}, end: () => {} }
  const flags = { json: true, dryRun: false, yes: false, breakLock: false, interactive: false, version: '0' }
  return { sources: { env: { HOME: cwd, XDG_STATE_HOME: cwd }, cwd }, screen, ssh: createSshSession(), ...flags }
}
