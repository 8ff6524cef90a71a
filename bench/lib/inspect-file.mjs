// Reads one database as `inspect --full` does, in a process of its own, and prints what it cost: PACKAGE FILE
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'

// as bin/run.js does
setFlagsFromString('--semi-space-growth-factor=1')

const [packageDir, file] = process.argv.slice(2)
const part = (name) => import(pathToFileURL(`${packageDir}/modules/src/${name}/index.js`).href)
const { inspectDb, openFileSource } = await part('bolt')
const { createKvDigest } = await part('digest')
const source = await openFileSource(file)
const { keys, revisions, findings } = await inspectDb(source, { digest: createKvDigest() })
await source.close()
const memoryMb = Math.round(process.resourceUsage().maxRSS / 1024)
process.stdout.write(JSON.stringify({ keys, revisions, findings, memoryMb, bytes: source.size }))
