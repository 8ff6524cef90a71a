// The S3 server: Ceph RGW where it is installed and we are root, else the drill's own.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { end, freePort, startBound, until } from './process.mjs'

const rgwDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-rescue-test', 'rgw')
const script = (path) => fileURLToPath(new URL(path, import.meta.url))

/** @returns {Promise<{ name, endpoint, accessKeyId, secretAccessKey, bucket, stop() }>} */
export async function startStore(dir, packageDir) {
  const keys = {
    accessKeyId: `AK${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString('hex'),
  }
  const store =
    existsSync(join(rgwDir, 'ready')) && process.getuid?.() === 0 ? await rgw(keys) : await own(keys, dir, packageDir)
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3')
  const client = new S3Client({
    endpoint: store.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: keys,
  })
  await client.send(new CreateBucketCommand({ Bucket: 'bench' }))
  client.destroy()
  return { ...store, ...keys, bucket: 'bench' }
}

async function rgw(keys) {
  const port = await freePort()
  const env = { ...process.env, RGW_ACCESS_KEY_ID: keys.accessKeyId, RGW_SECRET_ACCESS_KEY: keys.secretAccessKey }
  const child = startBound(['bash', script('../../scripts/test-setup/rgw-start.sh'), String(port)], { env })
  child.stderr.resume()
  const endpoint = `http://127.0.0.1:${port}`
  await until('Ceph RGW', 90, async () => ((await fetch(endpoint)).ok ? true : undefined))
  // unshare ignores SIGTERM; its daemons live in memory and go with it
  return { name: 'Ceph RGW', endpoint, stop: () => end(child, 'SIGKILL') }
}

async function own(keys, dir, packageDir) {
  const port = await freePort()
  const directory = join(dir, 's3')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const server = join(packageDir, 'modules/src/lab/s3/server.js')
  const options = JSON.stringify({ directory, port, ...keys })
  const child = spawn(process.execPath, [script('./own-s3.mjs'), server], {
    env: { ...process.env, OPTIONS: options },
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const endpoint = `http://127.0.0.1:${port}`
  await until("the drill's S3 server", 20, async () => (await fetch(endpoint)).status)
  return { name: "the drill's own S3 server", endpoint, stop: () => end(child) }
}
