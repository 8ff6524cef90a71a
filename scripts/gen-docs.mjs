#!/usr/bin/env node
// Writes docs/commands.md from the commands themselves. `npm run docs`; a test holds the file against them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandsPage } from './lib/commands-page.mjs'
import { packageAsInstalled } from './lib/package.mjs'
import { root } from './lib/shell.mjs'

writeFileSync(join(root, 'docs/commands.md'), await commandsPage(await packageAsInstalled()))
