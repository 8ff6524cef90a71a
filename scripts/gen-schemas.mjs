// Writes schemas/runbook.schema.json from the built product: node scripts/build.mjs first.
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const load = (path) => import(new URL(`../dist/src/${path}`, import.meta.url))
const [{ runbookJsonSchema }, { registry }] = await Promise.all([load('runbook/index.js'), load('steps/registry.js')])
const dir = fileURLToPath(new URL('../schemas/', import.meta.url))
mkdirSync(dir, { recursive: true })
writeFileSync(`${dir}runbook.schema.json`, `${JSON.stringify(runbookJsonSchema(registry), null, 2)}\n`)
