/** What nobody but the operator knows; one that is left in is refused by its name. No value of a configuration looks like it. */
export const isPlaceholder = (value: unknown): value is string => typeof value === 'string' && /^<.+>$/.test(value)

/** What `config init` writes. Parsed by a test, so that it never drifts from the schema. */
export function exampleConfig(
  cluster = '<name of the cluster, as kops get clusters prints it>',
  state = '<state store of kOps, s3://bucket/folder>',
): string {
  return `# etcd-rescue: which cluster, where its backups are, how to reach its nodes.
# What stands in <> is yours to fill in, and nothing runs before.
# Every key: etcd-rescue config schema. What is in effect: etcd-rescue config show.
cluster: ${cluster}
state: ${state}

# Backups are looked for at <state>/<cluster>/backups/etcd/<name>; say so here if yours are elsewhere.
etcdClusters:
  main: {}
  events: {}

# Without these: S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY as kOps reads them, else AWS' default chain.
# s3: { region: eu-west-1, endpoint: http://127.0.0.1:9000, forcePathStyle: true, profile: prod }
# What is written is encrypted as the bucket has it; say so here where the store wants it asked for with every object.
# s3: { encryption: aws:kms, kmsKeyId: alias/etcd-backups }

ssh:
  # user: admin                         # else that of ~/.ssh/config
  # port: 22
  # identityFile: ~/.ssh/id_ed25519     # else the agent and ~/.ssh/config
  # jump: user@bastion.example.com:22
  sudo: true

nodes:
  controlPlane:
    - { name: a, address: <address of the first node> }
    - { name: b, address: <address of the second node> }
    - { name: c, address: <address of the third node> }
  # Nodes of instance groups of role APIServer, if there are any: their API servers are fenced and restarted too.
  # apiServers: [ { name: api1, address: 10.0.0.21 } ]
  # Whose kubelets are restarted. A copy knows all nodes, and prints them for here: etcd-rescue nodes SOURCE
  # workers: [ { name: w1, address: 10.0.1.21 } ]

# Where etcd-manager's volumes are mounted on the control plane.
# volumes: ['/mnt/*', '/mnt/disks/*/mnt']
# Where etcd-manager logs there: shown when it is waited for in vain.
# logs: { main: /var/log/etcd.log, events: /var/log/etcd-events.log }
# Where the nodes have etcd-ca.crt, etcd-client.crt and etcd-client.key of a client of etcd, if not where kOps puts them.
# clientCertificates: /srv/kubernetes/kube-apiserver
# tools: { etcdBinDir: /opt/etcd }
`
}
