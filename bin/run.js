#!/usr/bin/env node
import { readFileSync } from 'node:fs'

// `| head` closes the pipe early: that is no error of ours
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}

// The same line as oclif's, without loading it: scripts ask for the version often
if (process.argv.length === 3 && process.argv[2] === '--version') {
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`)
} else {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const { execute } = await import('@oclif/core')
  await execute({ dir: import.meta.url })
  // A connection that someone forgot to close must not keep the operator waiting
  setTimeout(() => process.exit(), 5000).unref()
}
