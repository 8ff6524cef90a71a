#!/usr/bin/env node
// Writes oclif.manifest.json: all commands and flags, so that `--version` and `--help` load no command module.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Plugin } from '@oclif/core'
import { root } from './lib/shell.mjs'

const file = join(root, 'oclif.manifest.json')
rmSync(file, { force: true })
const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true })
await plugin.load()
writeFileSync(file, `${JSON.stringify(plugin.manifest, null, 2)}\n`)
