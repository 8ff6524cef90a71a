import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { placeOf } from '../../src/adapters/s3/options.ts'
import { exampleConfig, loadConfig, requireNodes, toTarget } from '../../src/config/index.ts'
import { parseConfig } from '../../src/config/parse.ts'

/** The config of docs: every key that the contract names. */
const full = `
cluster: staging.example.com
state: s3://example-state
etcdClusters:
  main: { backupStore: s3://other-bucket/main/ }
  events: {}
s3: { region: eu-west-1, endpoint: http://127.0.0.1:9000, forcePathStyle: true, profile: prod }
ssh: { user: admin, port: 2200, identityFile: ~/.ssh/id_ed25519, knownHosts: hosts, jump: user@bastion:22, sudo: false }
nodes:
  controlPlane: [ { name: a, address: 10.0.0.11 }, { name: b, address: 10.0.0.12, port: 2222, user: root, root: /mnt/disk, volumes: ['/v/*'] } ]
  apiServers: [ { name: api1, address: 10.0.1.11 } ]
  workers: [ { name: w1, address: 10.0.1.21 } ]
volumes: [ '/mnt/*' ]
logs: { main: /var/log/other.log }
tools: { etcdBinDir: /opt/etcd, etcdManagerCtl: /usr/local/bin/etcd-manager-ctl }
workDir: ~/runs
`

const problems = (text: string): string[] => {
  try {
    parseConfig(text, 'x.yaml')
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exitCode: 2 })
    return (error as Error).message.split('\n').slice(1)
  }
  return []
}

describe('the config file', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'etcd-rescue-config-'))
    await mkdir(join(dir, 'below/deep'), { recursive: true })
    await writeFile(join(dir, 'etcd-rescue.yaml'), full)
    await writeFile(join(dir, 'other.yaml'), 'cluster: other.example.com\n')
  })
  afterAll(() => rm(dir, { recursive: true }))
  const load = (more: object = {}, env: NodeJS.ProcessEnv = {}) =>
    loadConfig({ cwd: join(dir, 'below/deep'), env, ...more })

  it('is found upwards, and its paths are relative to it', async () => {
    const config = await load()
    expect(config.file).toBe(join(dir, 'etcd-rescue.yaml'))
    expect(config.ssh).toEqual({
      user: 'admin',
      port: 2200,
      identityFile: join(homedir(), '.ssh/id_ed25519'),
      knownHosts: join(dir, 'hosts'),
      jump: 'user@bastion:22',
      sudo: false,
    })
    expect(config.workDir).toBe(join(homedir(), 'runs'))
    expect(config.logs).toEqual({ main: '/var/log/other.log', events: '/var/log/etcd-events.log' })
    expect(config.warnings).toEqual([])
  })

  it('can be named by flag or environment, the flag first', async () => {
    expect((await load({}, { ETCD_RESCUE_CONFIG: join(dir, 'other.yaml') })).cluster).toBe('other.example.com')
    expect((await load({ config: '../../other.yaml' }, { ETCD_RESCUE_CONFIG: '/none' })).cluster).toBe(
      'other.example.com',
    )
    await expect(load({ config: 'none.yaml' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('config init'),
    })
  })

  it('gives way to the environment, and the environment to flags', async () => {
    const env = {
      KOPS_CLUSTER_NAME: 'env.example.com',
      KOPS_STATE_STORE: 's3://env',
      S3_ENDPOINT: 'http://127.0.0.1:1',
      S3_REGION: 'x-1',
    }
    const fromEnv = await load({}, env)
    expect(fromEnv).toMatchObject({
      cluster: 'env.example.com',
      state: 's3://env',
      s3: { region: 'x-1', endpoint: 'http://127.0.0.1:1', profile: 'prod' },
    })
    expect(fromEnv.warnings).toHaveLength(2)
    expect(await load({ name: 'flag.example.com', state: 's3://flag/x/' }, env)).toMatchObject({
      cluster: 'flag.example.com',
      state: 's3://flag/x',
    })
    await expect(load({ name: 'No Such' })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('--name'),
    })
  })

  it('becomes a target', async () => {
    const config = await load()
    expect(toTarget(config, 'main')).toEqual({
      cluster: 'staging.example.com',
      etcdCluster: 'main',
      backupStore: 's3://other-bucket/main',
      nodes: {
        controlPlane: [
          { name: 'a', address: '10.0.0.11', port: 2200, root: '/', volumes: ['/mnt/*'] },
          { name: 'b', address: '10.0.0.12', port: 2222, root: '/mnt/disk', volumes: ['/v/*'] },
        ],
        workers: [
          { name: 'api1', address: '10.0.1.11', port: 2200, root: '/', volumes: ['/mnt/*'], apiServer: true },
          { name: 'w1', address: '10.0.1.21', port: 2200, root: '/', volumes: ['/mnt/*'] },
        ],
      },
      tools: { etcdBinDir: '/opt/etcd', etcdManagerCtl: '/usr/local/bin/etcd-manager-ctl' },
      log: '/var/log/other.log',
      loopSeconds: 10,
    })
    expect(toTarget(config, 'events').log).toBe('/var/log/etcd-events.log')
    expect(toTarget(config, 'events').backupStore).toBe('s3://example-state/staging.example.com/backups/etcd/events')
    expect(() => toTarget(config, 'cilium')).toThrow('no etcd cluster "cilium"')
  })

  it('may be absent, but then a target says what is missing', async () => {
    const config = await loadConfig({ cwd: '/', env: {} })
    expect(config.file).toBeUndefined()
    expect(() => toTarget(config, 'main')).toThrow('the cluster has no name')
    const named = await loadConfig({ cwd: '/', env: {}, name: 'a.b', state: 'file:///srv/state' })
    expect(() => requireNodes(toTarget(named, 'main'))).toThrow('no control-plane node')
  })

  it('has an example that is valid once it is filled in, and each blank that is left is refused by its name', () => {
    const addresses = ['first', 'second', 'third'].map((one) => `<address of the ${one} node>`)
    const filled = (text: string) => addresses.reduce((all, blank, at) => all.replace(blank, `10.0.0.1${at}`), text)
    expect(parseConfig(filled(exampleConfig('a.example.com', 's3://state')), 'example')).toMatchObject({
      cluster: 'a.example.com',
      nodes: { controlPlane: [{ address: '10.0.0.10' }, { address: '10.0.0.11' }, { address: '10.0.0.12' }] },
    })
    const blanks = [
      'cluster: is still to be filled in: <name of the cluster, as kops get clusters prints it>',
      'state: is still to be filled in: <state store of kOps, s3://bucket/folder>',
      ...addresses.map((blank, at) => `nodes.controlPlane.${at}.address: is still to be filled in: ${blank}`),
    ]
    expect(problems(exampleConfig())).toEqual(blanks.map((line) => expect.stringContaining(line)))
  })
})

describe('problems of the config file', () => {
  it('are told all at once, with line and column and what was meant', () => {
    expect(
      problems(
        'clustr: a\nnodes:\n  controlPlane:\n    - { name: a, adress: 10.0.0.1 }\n    - { name: "-x", address: 10.0.0.2, port: 99999 }\n',
      ),
    ).toEqual([
      'x.yaml:1:1: unknown key "clustr", did you mean "cluster"?',
      'x.yaml:4:7: nodes.controlPlane.0.address: is missing',
      'x.yaml:4:18: unknown key "adress", did you mean "address"?',
      expect.stringMatching(/^x\.yaml:5:15: nodes\.controlPlane\.1\.name: expected a node name/),
      expect.stringMatching(/^x\.yaml:5:46: nodes\.controlPlane\.1\.port: /),
    ])
  })

  it.each([
    ['cluster: "a b"', 'cluster'],
    ['state: http://x/y', 'state'],
    ['state: s3://bucket/../x', 'state'],
    ['volumes: [mnt]', 'volumes.0'],
    ['volumes: ["/mnt/$(x)"]', 'volumes.0'],
    ['volumes: ["/mnt/../etc"]', 'volumes.0'],
    ['ssh: { user: "-oProxyCommand=x" }', 'ssh.user'],
    ['ssh: { jump: "-oProxyCommand=x" }', 'ssh.jump'],
    ['s3: { endpoint: "ftp://x" }', 's3.endpoint'],
    ['s3: { encryption: rot13 }', 's3.encryption'],
    ['s3: { encryption: AES256, kmsKeyId: alias/x }', 's3.kmsKeyId'],
    ['nodes: { workers: [{ name: a, address: "-x" }] }', 'nodes.workers.0.address'],
    ['nodes: { apiServers: [{ name: a, address: a }], workers: [{ name: a, address: b }] }', 'nodes.workers.0.name'],
    ['nodes: { controlPlane: [{ name: a, address: a }], workers: [{ name: a, address: b }] }', 'nodes.workers.0.name'],
    ['etcdClusters: { "../x": {} }', 'etcdClusters'],
    ['loopSeconds: 0', 'loopSeconds'],
    ['[1, 2]', 'the file'],
  ])('%s', (text, path) => {
    const found = problems(text)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(path)
  })

  it('include broken YAML', () => {
    expect(problems('cluster: a\ncluster: b\nstate: "x\n').length).toBeGreaterThan(0)
    expect(problems('cluster: *nothing\n')).toEqual([expect.stringMatching(/^x\.yaml:1:1: .*alias.*nothing/)])
  })

  it('are bounded: aliases do not multiply', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`),
    ].join('\n')
    expect(() => parseConfig(bomb, 'x.yaml')).toThrow('too many aliases')
  })
})

describe('the stores that kOps knows', () => {
  const at = (url: string, env: NodeJS.ProcessEnv = {}) =>
    loadConfig({ cwd: '/', env: { KOPS_CLUSTER_NAME: 'x.example.com', KOPS_STATE_STORE: url, ...env } })
  const S3_ENDPOINT = 'https://fra1.example.com'

  it.each(['do', 'linode', 'hos', 'scw'])('%s:// is read as S3 at its endpoint, and at no other', async (scheme) => {
    const config = await at(`${scheme}://kops-state/a`, { S3_ENDPOINT })
    expect(toTarget(config, 'main').backupStore).toBe('s3://kops-state/a/x.example.com/backups/etcd/main')
    const hint = expect.stringContaining('S3_ENDPOINT')
    await expect(at(`${scheme}://kops-state/a`)).rejects.toMatchObject({ code: 'CONFIG_INVALID', exitCode: 2, hint })
    expect(problems(`etcdClusters: { main: { backupStore: ${scheme}://kops-state/x } }`)).toEqual([])
  })

  it.each([
    ['gs', /s3:\/\/bucket\/folder .*storage\.googleapis\.com/],
    ['swift', /s3\.endpoint/],
    ['k8s', /a copy for k8s:\/\/.*copy the folder .*file:\/\/\/folder/],
    ['vault', /a copy for vault:\/\/.*file:\/\/\/folder/],
    ['azureblob', /file:\/\/\/folder/],
  ])('%s:// is refused with the way on', async (scheme, way) => {
    const error = await at(`${scheme}://kops-state`).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'USAGE', hint: expect.stringMatching(way) })
    expect(error.hint).toContain('copy the folder')
    expect(problems(`state: ${scheme}://kops-state`)).toEqual([expect.stringMatching(way)])
  })

  it('what is no store at all is told what one is', async () => {
    const hint = 'KOPS_STATE_STORE wants s3://bucket/folder or file:///folder'
    for (const url of ['kops-state', 'http://kops-state', 'constructor://x', 's3://a', 's3://a b'])
      await expect(at(url)).rejects.toMatchObject({ code: 'USAGE', hint })
  })

  it.each(['Acme_Kops_State', 'acme_kops', `a${'b'.repeat(254)}`])(
    'takes the bucket %s of before 2018',
    async (name) => {
      const config = await at(`s3://${name}`)
      expect(config.state).toBe(`s3://${name}`)
      expect(placeOf(toTarget(config, 'main').backupStore).bucket).toBe(name)
    },
  )
})
