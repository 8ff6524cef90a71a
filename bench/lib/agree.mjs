// Compares what our reader says of a database with etcd's own tools and with an etcd that was started on it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { run } from './process.mjs'

/** Lines of `what: ours | theirs`, and whether all of them are the same. `version`: whose etcdutl and etcd. */
export async function agree(packageDir, { etcd, etcdutl, version }, file) {
  const part = (name) => import(pathToFileURL(`${packageDir}/modules/src/${name}.js`).href)
  const { inspectDb, openFileSource } = await part('bolt/index')
  const { createKvDigest, digestClient } = await part('digest/index')
  const { localEtcd } = await part('adapters/etcd/local')
  const source = await openFileSource(file)
  const ours = await inspectDb(source, { digest: createKvDigest() })
  await source.close()
  const { stdout } = await run([etcdutl, 'snapshot', 'status', '-w', 'json', file])
  const status = JSON.parse(stdout)
  const served = await serve({ localEtcd, digestClient }, { etcd, version }, file)
  const minor = version.split('.').slice(0, 2).join('.')
  const rows = [
    ['findings', ours.findings.length, 0],
    ['revision', ours.revision, status.revision],
    // since 3.6 keys are counted, before that the entries of every bucket
    ['totalKey', minor === '3.6' ? ours.keys : ours.totalKeys, status.totalKey],
    ['totalSize', ours.totalSize, status.totalSize],
    ['keys served', ours.keys, served.keys],
    ['digest served', ours.digest, served.digest],
  ]
  return { rows, same: rows.every(([, one, other]) => one === other) }
}

/** Keys and digest that an etcd serves after `snapshot restore` of the file. */
async function serve({ localEtcd, digestClient }, { etcd, version }, file) {
  const dir = mkdtempSync(join(tmpdir(), 'rescue-agree-'))
  const binDir = dirname(etcd)
  const local = localEtcd({ binDir, cacheDir: join(dir, 'none'), allowApt: false, allowArchive: false })
  try {
    const release = await local.find(version.split('.').slice(0, 2).join('.'))
    await local.restore(release, file, join(dir, 'data'), { skipHashCheck: true })
    const member = await local.start(release, join(dir, 'data'), { timeoutMs: 300_000 })
    try {
      return await digestClient(member.client)
    } finally {
      await member.stop()
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
