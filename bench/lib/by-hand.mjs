// The postmortem's procedure with stock tools, one after the other.
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { end, freePort, onPath, run, startBound, until } from './process.mjs'

/** The S3 client of the manual way: awscli or s3cmd, whichever is there. */
export function manualClient(store) {
  const aws = onPath('aws')
  if (aws) {
    const env = {
      AWS_ACCESS_KEY_ID: store.accessKeyId,
      AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
    }
    return {
      name: 'awscli',
      put: (file, key) =>
        run([aws, '--endpoint-url', store.endpoint, 's3', 'cp', '--quiet', file, `s3://${store.bucket}/${key}`], {
          env,
        }),
    }
  }
  const s3cmd = onPath('s3cmd')
  if (s3cmd === undefined) throw new Error('no S3 client for the manual way: apt-get install awscli, or s3cmd')
  const host = store.endpoint.replace('http://', '')
  const flags = [
    '--quiet',
    '--no-ssl',
    `--host=${host}`,
    `--host-bucket=${host}`,
    `--access_key=${store.accessKeyId}`,
    `--secret_key=${store.secretAccessKey}`,
  ]
  return { name: 's3cmd', put: (file, key) => run([s3cmd, ...flags, 'put', file, `s3://${store.bucket}/${key}`]) }
}

/** One pass. Resolves to seconds in all and by stage, and the size of what was uploaded. */
export async function byHand({ release, sshd, remoteMember, client, dir, key }) {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const stages = {}
  const begun = performance.now()
  const stage = async (name, work) => {
    const from = performance.now()
    const result = await work()
    stages[name] = (performance.now() - from) / 1000
    return result
  }
  const db = join(dir, 'db')
  const scp = [
    'scp',
    '-q',
    '-i',
    sshd.identityFile,
    '-P',
    String(sshd.port),
    '-o',
    `UserKnownHostsFile=${sshd.knownHosts}`,
  ]
  await stage('scp', () => run([...scp, `${sshd.user}@127.0.0.1:${remoteMember}/snap/db`, db]))
  const dataDir = join(dir, 'restored')
  const restore = existsSync(release.etcdutl) ? release.etcdutl : release.etcdctl
  await stage('restore', () => run([restore, 'snapshot', 'restore', db, '--skip-hash-check', '--data-dir', dataDir]))
  const etcd = await stage('start etcd', () => startEtcd(release.etcd, dataDir))
  const snapshot = join(dir, 'etcd.backup')
  await stage('snapshot save', () => run([release.etcdctl, '--endpoints', etcd.url, 'snapshot', 'save', snapshot]))
  await stage('stop etcd', () => end(etcd.child))
  await stage('gzip -6', () => run(['gzip', '-6', snapshot]))
  await stage('upload', () => client.put(`${snapshot}.gz`, `${key}/etcd.backup.gz`))
  writeFileSync(join(dir, 'meta'), '{"etcdVersion":"3.5.30"}')
  await stage('upload meta', () => client.put(join(dir, 'meta'), `${key}/_etcd_backup.meta`))
  const seconds = (performance.now() - begun) / 1000
  const bytes = statSync(`${snapshot}.gz`).size
  rmSync(dir, { recursive: true, force: true })
  return { seconds, stages, bytes }
}

async function startEtcd(etcd, dataDir) {
  const url = `http://127.0.0.1:${await freePort()}`
  const peer = `http://127.0.0.1:${await freePort()}`
  const child = startBound([
    etcd,
    ...['--data-dir', dataDir, '--listen-client-urls', url, '--advertise-client-urls', url],
    ...['--listen-peer-urls', peer, '--quota-backend-bytes', String(16 * 2 ** 30), '--log-level', 'error'],
  ])
  child.stderr.resume()
  await until('etcd', 120, async () =>
    (await (await fetch(`${url}/health`)).json()).health === 'true' ? true : undefined,
  )
  return { url, child }
}
