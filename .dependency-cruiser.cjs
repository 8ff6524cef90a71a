/** The layers of docs/architecture.md. Each rule says why; `npm run lint` and `npm test` check them. */
const only = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|commands)/', pathNot: [from, '^src/(seen|shell|words)/', ...allowed] },
})

const sdks = { ssh: 'ssh2|ssh-config', s3: '@aws-sdk|@smithy', etcd: 'etcd3', prompt: '@inquirer' }

/** One folder for each SDK: replacing or mocking it touches one place, and nothing else pays for loading it. */
const sdkRules = Object.entries(sdks).map(([adapter, names]) => ({
  name: `sdk-only-in-${adapter}`,
  comment: `A heavy SDK belongs to src/adapters/${adapter} (the lab may use it to play the other side).`,
  severity: 'error',
  from: { path: '^(src|commands)/', pathNot: [`^src/adapters/${adapter}/`, '^src/lab/'] },
  to: { path: `node_modules/(${names})(/|$)` },
}))

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle means that two modules are one, or that a third is missing.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that does not resolve fails at three in the morning.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-test-code',
      comment: 'The product ships without its tests.',
      severity: 'error',
      from: { path: '^(src|commands)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    ...sdkRules,
    only('commands', 'A command parses, calls once and returns: the work is in src/app.', '^commands/', [
      '^src/app(/|\\.ts$)',
      '^src/(ui|runbook|errors|config)/',
    ]),
    only('config', 'Reading the config touches nothing but the file.', '^src/config/', ['^src/(ports|errors)/']),
    only('runbook', 'Planning is pure: it knows steps only by their types.', '^src/runbook/', [
      '^src/(errors|ports)/',
      '^src/engine/(step|events|until)\\.ts$',
    ]),
    only('engine', 'The engine runs any steps in any world, so it knows neither.', '^src/engine/', [
      '^src/(runbook|ports|errors)/',
    ]),
    only('steps', 'Steps reach the world only through ports, never through an adapter.', '^src/steps/', [
      '^src/engine/(step|until|events|index)\\.ts$',
      '^src/(ports|node|etcd-manager|bolt|kube|digest|gzip|errors)/',
    ]),
    only('recovery', 'Which way is best is decided from plain values, without touching anything.', '^src/recovery/', [
      '^src/steps/(facts|support/(rank|clusters|running|reach|histories|good-backups|generation|logs-found|quorum|backwards|say-copy|unread|rejoin-command|seat-seen|volumeless))\\.ts$',
      '^src/errors/',
    ]),
    only('node', 'What is done on a node goes through its port.', '^src/node/', ['^src/(ports|errors)/']),
    only('etcd-manager', 'Formats and rules of etcd-manager, over ports.', '^src/etcd-manager/', [
      '^src/(ports|errors|bolt)/',
    ]),
    only('bolt', 'Reads a database file and nothing else.', '^src/bolt/', ['^src/(errors|memory)/']),
    only('digest', 'A pure function of keys and values.', '^src/digest/', ['^src/errors/']),
    only('gzip', 'A stream in, a stream out.', '^src/gzip/', ['^src/(errors|memory)/']),
    only('memory', 'What keeps the process small knows nothing of what makes it large.', '^src/memory/', []),
    only('kube', 'Knowledge about keys, no IO.', '^src/kube/', ['^src/(errors|digest)/']),
    only('ports', 'Ports are types; everything may depend on them.', '^src/ports/', ['^src/errors/']),
    only('seen', 'Three answers to a look; everything may use them.', '^src/seen/', []),
    only('shell', 'Words for a shell; everything may tell a command.', '^src/shell/', []),
    only('words', 'One form for each number, one way to break a line; everything may tell.', '^src/words/', []),
    only('errors', 'Everything may throw; errors depend on nothing.', '^src/errors/', []),
    only('adapters', 'An adapter implements a port and knows nothing above it.', '^src/adapters/', [
      '^src/(ports|errors)/',
    ]),
    only('ui', 'Screens listen to events; they decide nothing.', '^src/ui/', [
      '^src/engine/events\\.ts$',
      '^src/recovery/proposal\\.ts$',
      '^src/(runbook|errors|ports)/',
    ]),
    only('lab', "The drill's world is built from the same ports and formats.", '^src/lab/', [
      '^src/(ports|adapters|etcd-manager|errors|digest|kube|bolt)/',
    ]),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
