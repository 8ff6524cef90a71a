import { kindOf } from '../kube/index.ts'

const MAX_KNOWN = 10_000
const SEPARATOR = ' '

/**
 * Gives `pods kube-system` for `/registry/pods/kube-system/etcd`. All keys of a folder share the answer, which is found
 * once: this runs for every record of a database. What is not Kubernetes' goes by the first part of its path.
 */
export function kindNamer(): (key: string) => string {
  const known = new Map<string, string>()
  return (key) => {
    const folder = key.slice(0, key.lastIndexOf('/') + 1)
    const found = known.get(folder)
    if (found !== undefined) return found
    const name = nameOf(folder)
    if (known.size < MAX_KNOWN) known.set(folder, name)
    return name
  }
}

function nameOf(folder: string): string {
  const kind = kindOf(Buffer.from(`${folder}x`, 'latin1'))
  if (!kind) return folder.split('/').slice(0, 2).join('/').slice(0, 100) || '(no folder)'
  return kind.namespace === undefined ? kind.resource : `${kind.resource}${SEPARATOR}${kind.namespace}`
}

export function splitKind(name: string): { resource: string; namespace?: string } {
  const at = name.indexOf(SEPARATOR)
  return at < 0 || name.startsWith('(')
    ? { resource: name }
    : { resource: name.slice(0, at), namespace: name.slice(at + SEPARATOR.length) }
}
