#!/usr/bin/env node
// Real etcd for the tests: 3.4.23, 3.5.16 and 3.5.30 out of Debian's packages (by the product's own code), 3.6 and 3.7
// built from their Go modules where a Go toolchain is, into ${XDG_CACHE_HOME:-~/.cache}/etcd-rescue-test/etcd/<version>/.
// Fails when one is missing at the end, and says which; tests run on every version that they find.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageAsInstalled } from '../lib/package.mjs'
import { run, secondsSince } from '../lib/shell.mjs'

const cacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-rescue-test', 'etcd')
const suites = { '3.4.23': 'bookworm', '3.5.16': 'trixie', '3.5.30': 'forky' }
// Only versions for which the module proxy has all three modules can be built
const goVersions = { 3.6: ['3.6.16', '3.6.14', '3.6.8', '3.6.5'], 3.7: ['3.7.3', '3.7.2', '3.7.1'] }

let missing = 0
mkdirSync(cacheDir, { recursive: true })
for (const [version, suite] of Object.entries(suites)) {
  if (!existsSync(join(cacheDir, version))) await attempt(version, () => fromDebian(suite, minorOf(version)))
}
for (const [minor, versions] of Object.entries(goVersions)) {
  if (!names().some((name) => name.startsWith(`${minor}.`))) await attempt(minor, () => fromGo(versions))
}
const found = names()
process.stdout.write(`etcd for the tests: ${found.join(', ') || 'none'}\n`)
if (missing > 0) process.exitCode = 1

function names() {
  return readdirSync(cacheDir).filter((name) => /^\d/.test(name))
}

async function attempt(version, install) {
  const start = performance.now()
  try {
    await install()
    process.stdout.write(`etcd ${version} installed in ${secondsSince(start)}\n`)
  } catch (error) {
    missing += 1
    process.stdout.write(`etcd ${version} is not available: ${error.message}\n`)
  }
}

function minorOf(version) {
  return version.split('.').slice(0, 2).join('.')
}

async function fromDebian(suite, minor) {
  const file = join(await packageAsInstalled(), 'modules/src/adapters/etcd/debian.js')
  const { installSuite } = await import(pathToFileURL(file).href)
  await installSuite(suite, cacheDir, minor)
}

/** `go install module@version` refuses modules with replace directives, so a module of our own requires them. */
async function fromGo(versions) {
  for (const version of versions) {
    const dir = mkdtempSync(join(cacheDir, '.go-'))
    try {
      if (await buildWithGo(dir, version)) return
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
  throw new Error('no Go toolchain that is new enough, or its module proxy lacks the modules')
}

async function buildWithGo(dir, version) {
  const modules = ['server', 'etcdctl', 'etcdutl'].map((name) => `go.etcd.io/etcd/${name}/v3`)
  const requires = modules.map((module) => `require ${module} v${version}\n`)
  writeFileSync(join(dir, 'go.mod'), `module rescue-test\n\ngo 1.24\n\n${requires.join('')}`)
  const imports = modules.map((module) => `import _ "${module}"\n`)
  writeFileSync(join(dir, 'tools.go'), `//go:build tools\n\npackage tools\n\n${imports.join('')}`)
  const go = (...args) => run('go', ['-C', dir, ...args], { quiet: true, env: { CGO_ENABLED: '0' } })
  if ((await go('mod', 'tidy')) !== 0) return false
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  if ((await go('build', '-trimpath', '-ldflags', '-s -w', '-o', 'bin/', ...modules)) !== 0) return false
  renameSync(join(bin, 'server'), join(bin, 'etcd'))
  renameSync(bin, join(cacheDir, version))
  return true
}
