import { RescueError } from '../../errors/rescue-error.ts'
import { type KubeKey, type KubeObject, parseSelector } from '../../kube/index.ts'

export interface Wanted {
  /** `Secret`, `secrets`, `cm`, …, in any case. */
  kind?: string | undefined
  namespace?: string | undefined
  name?: string | undefined
  selector?: string | undefined
  /** Everything: nobody asks for it by forgetting a flag. */
  all: boolean
}

export interface Match {
  /** By the key alone, which is cheap. */
  key(key: KubeKey): boolean
  object(object: KubeObject): boolean
}

/** As kubectl has them. */
const SHORT: Readonly<Record<string, string>> = {
  cm: 'configmaps',
  crb: 'clusterrolebindings',
  crd: 'customresourcedefinitions',
  deploy: 'deployments',
  ds: 'daemonsets',
  ep: 'endpoints',
  ing: 'ingresses',
  netpol: 'networkpolicies',
  no: 'nodes',
  ns: 'namespaces',
  po: 'pods',
  pv: 'persistentvolumes',
  pvc: 'persistentvolumeclaims',
  rs: 'replicasets',
  sa: 'serviceaccounts',
  sc: 'storageclasses',
  sts: 'statefulsets',
  svc: 'services',
}

/** `USAGE` when nothing says which objects are wanted, or the selector cannot be read. */
export function matchOf({ kind, namespace, name, selector, all }: Wanted): Match {
  if (!all && [kind, namespace, name, selector].every((flag) => flag === undefined)) {
    throw new RescueError('USAGE', 'nothing says which objects are wanted', {
      hint: 'narrow it with --kind, --namespace, --name or --selector, or take everything with --all',
    })
  }
  const isKind = kind === undefined ? () => true : kindMatcher(kind)
  const hasLabels = selector === undefined ? () => true : parseSelector(selector)
  return {
    key: (key) =>
      isKind(key.resource) &&
      (namespace === undefined || key.namespace === namespace) &&
      (name === undefined || key.name === name),
    object: ({ labels }) => hasLabels(labels),
  }
}

/** A resource is the plural of its kind; that of a custom or aggregated API has its group before it. */
function kindMatcher(kind: string): (resource: string) => boolean {
  const wanted = kind.toLowerCase()
  const plurals = new Set([SHORT[wanted] ?? wanted, ...pluralsOf(wanted)])
  return (resource) => plurals.has(resource) || plurals.has(resource.slice(resource.lastIndexOf('/') + 1))
}

function pluralsOf(singular: string): string[] {
  const plurals = [`${singular}s`, `${singular}es`]
  return singular.endsWith('y') ? [...plurals, `${singular.slice(0, -1)}ies`] : plurals
}

export const wantsSecrets = ({ kind }: Wanted): boolean => kind !== undefined && kindMatcher(kind)('secrets')
