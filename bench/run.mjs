#!/usr/bin/env node
// npm run bench -- rebuild|inspect|revisions|scan|proposal|in-place|nodes [--size 1GB] [--runs 3] [--dir DIR] [--ours-only] [--etcd-manager-bin DIR] [--nodes 200,1000,5000]
import { parseArgs } from 'node:util'
import { inPlace } from './in-place.mjs'
import { inspect, revisions } from './inspect.mjs'
import { nodes } from './nodes.mjs'
import { rebuild } from './rebuild.mjs'
import { proposal, scan } from './scan.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '1GB' },
    runs: { type: 'string', default: '3' },
    dir: { type: 'string' },
    'ours-only': { type: 'boolean', default: false },
    'etcd-manager-bin': { type: 'string' },
    nodes: { type: 'string' },
  },
})
const size = /^([\d.]+)(GB|MB)$/.exec(values.size)
const runs = Number(values.runs)
const benches = { rebuild, inspect, revisions, scan, proposal, 'in-place': inPlace, nodes }
const bench = benches[positionals[0]]
if (!bench || !size || !(runs >= 1)) {
  process.stderr.write(
    'usage: npm run bench -- rebuild|inspect|revisions|scan|proposal|in-place|nodes [--size 1GB] [--runs 3] [--dir DIR] [--ours-only] [--etcd-manager-bin DIR] [--nodes 200,1000,5000]\n',
  )
  process.exit(2)
}
await bench({
  bytes: Number(size[1]) * (size[2] === 'GB' ? 1e9 : 1e6),
  size: values.size,
  runs,
  dir: values.dir,
  oursOnly: values['ours-only'],
  etcdManagerBin: values['etcd-manager-bin'],
  counts: values.nodes?.split(',').map(Number),
})
