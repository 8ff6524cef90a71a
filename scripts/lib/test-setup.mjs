import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './shell.mjs'

/**
 * What the tests need beside Node: real etcd, sshd, an S3 server and a container runtime, each brought by its own script. A script that fails
 * does not end the run: the tests that need it skip themselves and say why.
 */
const setups = [
  { name: 'etcd binaries', file: 'scripts/test-setup/etcd.mjs' },
  { name: 'OpenSSH server', file: 'scripts/test-setup/sshd.sh' },
  { name: 'Ceph RGW (S3)', file: 'scripts/test-setup/rgw-install.sh' },
  { name: 'containerd and crictl', file: 'scripts/test-setup/runtime.sh' },
]

export async function setUpTests() {
  const [etcd, ...packages] = setups
  // Debian's package manager serves one at a time
  await Promise.all([setUp(etcd), packages.reduce((before, one) => before.then(() => setUp(one)), Promise.resolve())])
}

async function setUp({ name, file }) {
  if (!existsSync(join(root, file))) return void process.stdout.write(`setup: ${name}: no ${file} in this checkout\n`)
  const code = await run(file.endsWith('.sh') ? 'bash' : process.execPath, [file], { quiet: true })
  process.stdout.write(`setup: ${name}: ${code === 0 ? 'ready' : `not complete (exit ${code}, see above)`}\n`)
}
