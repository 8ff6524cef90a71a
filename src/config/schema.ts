import { z } from 'zod'
import * as f from './fields.ts'
import { storeUrl } from './store-url.ts'

const controlPlaneNode = z.strictObject({
  name: f.nodeName,
  address: f.hostAddress,
  port: f.port.optional().describe('SSH port, default ssh.port'),
  user: f.userName.optional().describe('login on this node, default ssh.user'),
  root: f.absolutePath.optional().describe("where the node's disk is mounted in a rescue system, default /"),
  volumes: z.array(f.absoluteGlob).max(100).optional().describe('default: the top-level volumes'),
})

const workerNode = controlPlaneNode.omit({ volumes: true })

/** `etcd-rescue.yaml`. Strict: an unknown key is a typing mistake, and at three in the morning it is worth a message. */
export const configFileSchema = z
  .strictObject({
    cluster: f.clusterName.optional().describe('--name, KOPS_CLUSTER_NAME'),
    state: storeUrl.optional().describe('--state, KOPS_STATE_STORE'),
    etcdClusters: z
      .record(f.etcdClusterName, z.strictObject({ backupStore: storeUrl.optional() }).nullable())
      .optional()
      .describe('default main and events, at <state>/<cluster>/backups/etcd/<name>'),
    s3: z
      .strictObject({
        region: z
          .string()
          .regex(/^[A-Za-z0-9-]{1,64}$/, 'a region name')
          .optional()
          .describe('S3_REGION'),
        endpoint: z
          .url({ protocol: /^https?$/ })
          .optional()
          .describe('S3_ENDPOINT'),
        forcePathStyle: z.boolean().optional(),
        profile: z
          .string()
          .regex(/^[\w .@+-]{1,128}$/, 'a profile name')
          .optional(),
        encryption: z
          .enum(['AES256', 'aws:kms'])
          .optional()
          .describe('server-side encryption of what is written, default as the bucket has it'),
        kmsKeyId: z
          .string()
          .regex(/^[\w:/-]{1,2048}$/, 'the id, ARN or alias of a KMS key')
          .optional()
          .describe('with encryption: aws:kms; default the key of the account'),
        checksums: z
          .enum(['when-supported', 'when-required'])
          .optional()
          .describe('when-required for stores that know no CRC32 checksums'),
      })
      .superRefine(keyWithKms)
      .optional(),
    ssh: z
      .strictObject({
        user: f.userName.optional(),
        port: f.port.optional(),
        identityFile: f.localPath.optional(),
        knownHosts: f.localPath.optional(),
        jump: f.jumpHost.optional(),
        sudo: z.boolean().optional(),
      })
      .optional(),
    nodes: z
      .strictObject({
        controlPlane: z.array(controlPlaneNode).max(99).optional(),
        apiServers: z
          .array(workerNode)
          .max(99)
          .optional()
          .describe(
            'nodes of instance groups of role APIServer: fenced and restarted as those of the control plane are',
          ),
        workers: z.array(workerNode).max(10_000).optional(),
      })
      .optional()
      .superRefine(uniqueNames),
    volumes: z.array(f.absoluteGlob).max(100).optional().describe('globs of etcd-manager base directories'),
    logs: z.record(f.etcdClusterName, f.absolutePath).optional(),
    clientCertificates: f.absolutePath
      .optional()
      .describe(
        'directory on the control plane with etcd-ca.crt, etcd-client.crt and etcd-client.key, where not as kOps',
      ),
    tools: z
      .strictObject({
        etcdBinDir: f.localPath.optional(),
        etcdManagerCtl: f.localPath.optional(),
        etcdFromNodes: z
          .boolean()
          .optional()
          .describe('where this machine has no etcd, fetch it from a node and run it here without being asked'),
      })
      .optional(),
    workDir: f.localPath.optional(),
    loopSeconds: z.number().min(0.1).max(60).optional().describe("etcd-manager's loop; other than 10 only in drills"),
  })
  .describe('etcd-rescue.yaml')

export type ConfigFile = z.infer<typeof configFileSchema>

/** A key without the mode that uses it would be left out in silence. */
function keyWithKms(s3: { encryption?: string | undefined; kmsKeyId?: string | undefined }, context: z.RefinementCtx) {
  if (s3.kmsKeyId === undefined || s3.encryption === 'aws:kms') return
  context.addIssue({ code: 'custom', message: 'encryption: aws:kms beside it', path: ['kmsKeyId'] })
}

interface NodeLists {
  controlPlane?: { name: string }[] | undefined
  apiServers?: { name: string }[] | undefined
  workers?: { name: string }[] | undefined
}

/** A copy is named `<node>:<token>`, so a name must mean one node. */
function uniqueNames(nodes: NodeLists | undefined, context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const list of ['controlPlane', 'apiServers', 'workers'] as const) {
    for (const [index, node] of (nodes?.[list] ?? []).entries()) {
      if (seen.has(node.name)) {
        context.addIssue({
          code: 'custom',
          path: [list, index, 'name'],
          message: `another node is called "${node.name}"`,
        })
      }
      seen.add(node.name)
    }
  }
}

/** For editors and for `config schema`. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configFileSchema, { io: 'input' }), title: 'etcd-rescue configuration' }
}
