/** What `config init` writes. Parsed by a test, so that it never drifts from the schema. */
export function exampleConfig(cluster = 'staging.example.com', state = 's3://example-state'): string {
  return `# etcd-rescue: which cluster, where its backups are, how to reach its nodes.
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
  user: admin
  port: 22
  # identityFile: ~/.ssh/id_ed25519     # else the agent and ~/.ssh/config
  # jump: user@bastion.example.com:22
  sudo: true

nodes:
  controlPlane:
    - { name: a, address: 10.0.0.11 }
    - { name: b, address: 10.0.0.12 }
    - { name: c, address: 10.0.0.13 }
  # Nodes of instance groups of role APIServer, if there are any: their API servers are fenced and restarted too.
  # apiServers: [ { name: api1, address: 10.0.0.21 } ]
  workers:
    - { name: w1, address: 10.0.1.21 }

# Where etcd-manager's volumes are mounted on the control plane.
# volumes: ['/mnt/*', '/mnt/disks/*/mnt']
# Where etcd-manager logs there: shown when it is waited for in vain.
# logs: { main: /var/log/etcd.log, events: /var/log/etcd-events.log }
# Where the nodes have etcd-ca.crt, etcd-client.crt and etcd-client.key of a client of etcd, if not where kOps puts them.
# clientCertificates: /srv/kubernetes/kube-apiserver
# tools: { etcdBinDir: /opt/etcd }
`
}
