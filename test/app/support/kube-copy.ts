import { join } from 'node:path'
import { nodeValue } from '../../../src/lab/kube-kinds.ts'
import { bytesMap, kubeValue, type Objekt, text, textMap } from '../../../src/lab/kube-value.ts'
import { memberDir } from '../../steps/support/member-dir.ts'

const made = { uid: 'u-1', createdAt: 1_700_000_000 }

export function secretValue(name: string, data: Record<string, Buffer>, labels: Objekt['labels'] = {}): Buffer {
  const object = { apiVersion: 'v1', kind: 'Secret', name, namespace: 'kube-system', labels, ...made }
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'owner', uid: 'u-0' }
  return kubeValue({
    ...object,
    owner,
    content: (writer) => {
      bytesMap(writer, 2, data)
      text(writer, 3, 'Opaque')
    },
  })
}

export function configMapValue(name: string, data: Record<string, string>): Buffer {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', name, namespace: 'default', ...made }
  return kubeValue({ ...object, content: (writer) => textMap(writer, 2, data) })
}

export const KEY_LABEL = 'sealedsecrets.bitnami.com/sealed-secrets-key'
/** Any bytes: what is given back must be these. */
export const KEY_BYTES = Buffer.from(Array.from({ length: 256 }, (_, at) => at))

/** What the copy holds; the values of all are of a real API server's form. */
export const objects: Record<string, Buffer | string> = {
  '/registry/secrets/kube-system/sealed-key': secretValue(
    'sealed-key',
    { 'tls.key': KEY_BYTES },
    { [KEY_LABEL]: 'active' },
  ),
  '/registry/secrets/kube-system/other': secretValue('other', { password: Buffer.from('x') }),
  '/registry/secrets/kube-system/hidden': 'k8s:enc:aescbc:v1:key7:not readable',
  '/registry/configmaps/default/odd': configMapValue('odd', {
    flag: 'on',
    n: '1_000',
    script: '- a\n- b\n',
    on: '0o17',
  }),
  '/registry/pods/default/web': kubeValue({
    apiVersion: 'v1',
    kind: 'Pod',
    name: 'web',
    namespace: 'default',
    ...made,
  }),
  '/registry/bitnami.com/sealedsecrets/default/db': JSON.stringify({
    apiVersion: 'bitnami.com/v1alpha1',
    kind: 'SealedSecret',
    metadata: { name: 'db', namespace: 'default', uid: 'u-2', resourceVersion: '7' },
    spec: { encryptedData: { password: 'AgB' } },
    status: { conditions: [] },
  }),
  '/registry/minions/cp': nodeValue('cp', { address: '10.0.0.1', isControlPlane: true, uid: 'n-1' }),
  '/registry/minions/w1': nodeValue('w1', { address: '10.0.1.1', isControlPlane: false, uid: 'n-2' }),
  '/registry/minions/torn': Buffer.from('k8s\0\x0a\xff'),
}

/** A member's directory below `dir` that holds these. Its name. */
export async function kubeCopy(
  dir: string,
  name: string,
  held: Record<string, Buffer | string> = objects,
): Promise<string> {
  await memberDir(join(dir, name), async ({ client }) => {
    for (const [key, value] of Object.entries(held)) await client.put(key, value)
  })
  return name
}
