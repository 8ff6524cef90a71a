import { stringify } from 'yaml'
import type { PodSpec } from './pod.ts'
import { imageOf } from './record.ts'

/**
 * A static pod's manifest as kOps writes it: the pod's own name, to which kubelet adds the node's, and the label
 * `k8s-app` (FACTS 6).
 */
export function manifestOf({ name, container, argv }: PodSpec): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      annotations: { 'scheduler.alpha.kubernetes.io/critical-pod': '' },
      labels: { 'k8s-app': name },
      name,
      namespace: 'kube-system',
    },
    spec: {
      containers: [{ command: [...argv], image: imageOf(container), name: container }],
      hostNetwork: true,
      priorityClassName: 'system-cluster-critical',
    },
  })
}
