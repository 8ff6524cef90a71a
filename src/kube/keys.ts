/** What a key of the API server's registry names. */
export interface KubeKey {
  /** Like `pods`, `deployments`, `masterleases`; with its group where the registry has one: `apiregistration.k8s.io/apiservices`. */
  resource: string
  namespace?: string
  name?: string
}

const PREFIX = '/registry/'

/** Resources whose keys are `/registry/<group>/<resource>/…`: the group of a custom or aggregated API has a dot. */
const hasGroup = (segment: string) => segment.includes('.')

/** Registry folders that are not named like their resource, as Kubernetes has written them since its first releases. */
const renamed = new Map([
  ['minions', 'nodes'],
  ['services/specs', 'services'],
  ['services/endpoints', 'endpoints'],
  ['ingress', 'ingresses'],
])

/** etcd takes longer keys; no registry path is. */
const MAX_KEY_BYTES = 4096

/**
 * Resource, namespace and name out of a registry path: `/registry/pods/kube-system/etcd` or
 * `/registry/cilium.io/ciliumnodes/a`. `undefined` for keys that are not Kubernetes'. Two segments after the resource
 * are namespace and name, one is a name.
 */
export function kindOf(key: Buffer): KubeKey | undefined {
  if (key.length > MAX_KEY_BYTES) return undefined
  const text = key.toString('utf8')
  if (!text.startsWith(PREFIX)) return undefined
  const segments = text.slice(PREFIX.length).split('/')
  const { resource, rest } = splitResource(segments)
  if (resource === '') return undefined
  return { resource, ...splitName(rest) }
}

function splitResource(segments: string[]): { resource: string; rest: string[] } {
  const [first = '', second = ''] = segments
  const pair = `${first}/${second}`
  const known = renamed.get(pair)
  if (known !== undefined) return { resource: known, rest: segments.slice(2) }
  if (hasGroup(first) && second !== '') return { resource: pair, rest: segments.slice(2) }
  return { resource: renamed.get(first) ?? first, rest: segments.slice(1) }
}

function splitName(rest: string[]): { namespace?: string; name?: string } {
  const [first, ...others] = rest
  if (first === undefined || first === '') return {}
  return others.length === 0 ? { name: first } : { namespace: first, name: others.join('/') }
}
