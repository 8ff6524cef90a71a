import { createPrivateKey, X509Certificate } from 'node:crypto'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import { pathOn, type RemoteHost } from '../../ports/remote-host.ts'
import type { EtcdTls } from './rpc.ts'

/** Where the API server has its client certificate for etcd: kOps today, and older ones (FACTS 6). */
const KOPS_DIRS = ['/srv/kubernetes/kube-apiserver', '/etc/kubernetes/pki/kube-apiserver']
const FILES = ['etcd-ca.crt', 'etcd-client.crt', 'etcd-client.key']

/** The client certificate of a node, read and kept in memory. `PRECONDITION` when it has none. `dir`: looked into first. */
export async function readCertificate(host: RemoteHost, dir?: string): Promise<EtcdTls> {
  const dirs = dirsOf(dir)
  for (const one of dirs) {
    const [ca, cert, key] = await Promise.all(FILES.map((file) => readPem(host, pathOn(host, `${one}/${file}`))))
    if (ca && cert && key) return { ca, cert, key }
  }
  throw new RescueError('PRECONDITION', `${host.name} has no client certificate for etcd`, {
    hint: `expected ${FILES.join(', ')} in ${dirs.join(' or ')}`,
  })
}

const dirsOf = (dir: string | undefined) => (dir === undefined ? KOPS_DIRS : [dir, ...KOPS_DIRS])

/**
 * Nodes whose client certificate is of no use, and why. `PRECONDITION` when that is every one: then no read can prove that
 * etcd serves, whatever is done.
 */
export async function unusableCertificates(
  hosts: readonly RemoteHost[],
  dir: string | undefined,
  now: Date,
): Promise<{ node: string; why: string }[]> {
  const looked = await Promise.all(hosts.map((host) => look(host, dir, now)))
  const bad = looked.flatMap((why, at) => (why === undefined ? [] : [{ node: hosts[at]?.name ?? '', why }]))
  if (bad.length < hosts.length || hosts.length === 0) return bad
  const said = bad.map(({ why }) => why).join('; ')
  throw new RescueError('PRECONDITION', `nothing could prove that etcd serves what was recovered: ${said}`, {
    hint: `nothing was changed; ${FILES.join(', ')} are looked for in ${dirsOf(dir).join(' and ')}: put valid ones there on one node at least, or name another directory of the nodes in etcd-rescue.yaml: clientCertificates: /DIR`,
  })
}

async function look(host: RemoteHost, dir: string | undefined, now: Date): Promise<string | undefined> {
  try {
    const why = problemOf(await readCertificate(host, dir), now)
    return why === undefined ? undefined : `${host.name}: ${why}`
  } catch (error) {
    return toRescueError(error).message
  }
}

function problemOf({ cert, key }: EtcdTls, now: Date): string | undefined {
  try {
    const certificate = new X509Certificate(cert)
    if (new Date(certificate.validTo) < now) return `its client certificate for etcd ended on ${certificate.validTo}`
    if (!certificate.checkPrivateKey(createPrivateKey(key)))
      return 'its client key for etcd is not that of the certificate'
    return undefined
  } catch (error) {
    return `its client certificate for etcd makes no sense (${error instanceof Error ? error.message : error})`
  }
}

/** `cat` says 1 for a missing file. */
async function readPem(host: RemoteHost, path: string): Promise<Buffer | undefined> {
  const argv = ['cat', path] as const
  const { code, stdout } = await host.run({ effect: 'read', argv, okCodes: [0, 1], maxOutputBytes: 256 << 10 })
  return code === 0 && stdout.includes('-----BEGIN ') ? Buffer.from(stdout) : undefined
}
