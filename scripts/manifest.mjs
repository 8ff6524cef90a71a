#!/usr/bin/env node
// Writes oclif.manifest.json: all commands and flags, so that `--version` and `--help` load no command module. Its argument is
// the package's folder, by default this one.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Plugin } from '@oclif/core'
import { root as project } from './lib/shell.mjs'

const root = process.argv[2] ?? project
const file = join(root, 'oclif.manifest.json')
rmSync(file, { force: true })
const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true })
await plugin.load()
writeFileSync(file, `${JSON.stringify(plugin.manifest, null, 2)}\n`)
