/**
 * How Kubernetes writes its objects as protobuf: field numbers of k8s.io/api and k8s.io/apimachinery (their
 * `generated.proto`), which never change. Whole kinds are here where `extract` gives them back; of others only what
 * identifies them. A kind is in `whole` when every field that it had in Kubernetes 1.31 is listed.
 */
export type FieldType =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'int'
  | 'time'
  | 'quantity'
  | 'int-or-string'
  | 'raw'
  | 'ignored'
  | { of: string }

export interface Field {
  name: string
  type: FieldType
  repeated?: true
  /** A map of strings to `type`. */
  map?: true
}

export type Shape = Readonly<Record<number, Field>>

const string = (name: string): Field => ({ name, type: 'string' })
const strings = (name: string): Field => ({ name, type: 'string', repeated: true })
const bool = (name: string): Field => ({ name, type: 'bool' })
const int = (name: string): Field => ({ name, type: 'int' })
const time = (name: string): Field => ({ name, type: 'time' })
const mapOf = (name: string, type: FieldType = 'string'): Field => ({ name, type, map: true })
const one = (name: string, of: string): Field => ({ name, type: { of } })
const many = (name: string, of: string): Field => ({ name, type: { of }, repeated: true })
const ignored = (name: string): Field => ({ name, type: 'ignored', repeated: true })

const metadata = one('metadata', 'ObjectMeta')

export const shapes: Readonly<Record<string, Shape>> = {
  Unknown: {
    1: one('typeMeta', 'TypeMeta'),
    2: { name: 'raw', type: 'raw' },
    3: string('contentEncoding'),
    4: string('contentType'),
  },
  TypeMeta: { 1: string('apiVersion'), 2: string('kind') },
  /** For what is asked only for its envelope. */
  Nothing: {},
  /** Any object: the rest of it is passed over. */
  Object: { 1: metadata, 2: ignored('spec'), 3: ignored('status') },
  ObjectMeta: {
    1: string('name'),
    2: string('generateName'),
    3: string('namespace'),
    4: string('selfLink'),
    5: string('uid'),
    6: string('resourceVersion'),
    7: int('generation'),
    8: time('creationTimestamp'),
    9: time('deletionTimestamp'),
    10: int('deletionGracePeriodSeconds'),
    11: mapOf('labels'),
    12: mapOf('annotations'),
    13: many('ownerReferences', 'OwnerReference'),
    14: strings('finalizers'),
    17: ignored('managedFields'),
  },
  OwnerReference: {
    1: string('kind'),
    3: string('name'),
    4: string('uid'),
    5: string('apiVersion'),
    6: bool('controller'),
    7: bool('blockOwnerDeletion'),
  },
  LabelSelector: { 1: mapOf('matchLabels'), 2: many('matchExpressions', 'LabelSelectorRequirement') },
  LabelSelectorRequirement: { 1: string('key'), 2: string('operator'), 3: strings('values') },
  LocalObjectReference: { 1: string('name') },
  ObjectReference: {
    1: string('kind'),
    2: string('namespace'),
    3: string('name'),
    4: string('uid'),
    5: string('apiVersion'),
    6: string('resourceVersion'),
    7: string('fieldPath'),
  },

  Secret: { 1: metadata, 2: mapOf('data', 'bytes'), 3: string('type'), 4: mapOf('stringData'), 5: bool('immutable') },
  ConfigMap: { 1: metadata, 2: mapOf('data'), 3: mapOf('binaryData', 'bytes'), 4: bool('immutable') },
  Namespace: { 1: metadata, 2: one('spec', 'NamespaceSpec'), 3: ignored('status') },
  NamespaceSpec: { 1: strings('finalizers') },
  ServiceAccount: {
    1: metadata,
    2: many('secrets', 'ObjectReference'),
    3: many('imagePullSecrets', 'LocalObjectReference'),
    4: bool('automountServiceAccountToken'),
  },
  Service: { 1: metadata, 2: one('spec', 'ServiceSpec'), 3: ignored('status') },
  ServiceSpec: {
    1: many('ports', 'ServicePort'),
    2: mapOf('selector'),
    3: string('clusterIP'),
    4: string('type'),
    5: strings('externalIPs'),
    7: string('sessionAffinity'),
    8: string('loadBalancerIP'),
    9: strings('loadBalancerSourceRanges'),
    10: string('externalName'),
    11: string('externalTrafficPolicy'),
    12: int('healthCheckNodePort'),
    13: bool('publishNotReadyAddresses'),
    14: one('sessionAffinityConfig', 'SessionAffinityConfig'),
    17: string('ipFamilyPolicy'),
    18: strings('clusterIPs'),
    19: strings('ipFamilies'),
    20: bool('allocateLoadBalancerNodePorts'),
    21: string('loadBalancerClass'),
    22: string('internalTrafficPolicy'),
    23: string('trafficDistribution'),
  },
  ServicePort: {
    1: string('name'),
    2: string('protocol'),
    3: int('port'),
    4: { name: 'targetPort', type: 'int-or-string' },
    5: int('nodePort'),
    6: string('appProtocol'),
  },
  SessionAffinityConfig: { 1: one('clientIP', 'ClientIPConfig') },
  ClientIPConfig: { 1: int('timeoutSeconds') },

  Role: { 1: metadata, 2: many('rules', 'PolicyRule') },
  ClusterRole: { 1: metadata, 2: many('rules', 'PolicyRule'), 3: one('aggregationRule', 'AggregationRule') },
  PolicyRule: {
    1: strings('verbs'),
    2: strings('apiGroups'),
    3: strings('resources'),
    4: strings('resourceNames'),
    5: strings('nonResourceURLs'),
  },
  AggregationRule: { 1: many('clusterRoleSelectors', 'LabelSelector') },
  RoleBinding: { 1: metadata, 2: many('subjects', 'Subject'), 3: one('roleRef', 'RoleRef') },
  ClusterRoleBinding: { 1: metadata, 2: many('subjects', 'Subject'), 3: one('roleRef', 'RoleRef') },
  Subject: { 1: string('kind'), 2: string('apiGroup'), 3: string('name'), 4: string('namespace') },
  RoleRef: { 1: string('apiGroup'), 2: string('kind'), 3: string('name') },

  Node: { 1: metadata, 2: one('spec', 'NodeSpec'), 3: one('status', 'NodeStatus') },
  NodeSpec: {
    1: string('podCIDR'),
    2: string('externalID'),
    3: string('providerID'),
    4: bool('unschedulable'),
    5: many('taints', 'Taint'),
    7: strings('podCIDRs'),
  },
  Taint: { 1: string('key'), 2: string('value'), 3: string('effect'), 4: time('timeAdded') },
  NodeStatus: { 5: many('addresses', 'NodeAddress'), 7: one('nodeInfo', 'NodeSystemInfo') },
  NodeAddress: { 1: string('type'), 2: string('address') },
  NodeSystemInfo: { 5: string('osImage'), 6: string('containerRuntimeVersion'), 7: string('kubeletVersion') },

  Lease: { 1: metadata, 2: one('spec', 'LeaseSpec') },
  LeaseSpec: {
    1: string('holderIdentity'),
    2: int('leaseDurationSeconds'),
    3: time('acquireTime'),
    4: time('renewTime'),
    5: int('leaseTransitions'),
  },

  Pod: { 1: metadata, 2: one('spec', 'PodSpec'), 3: one('status', 'PodStatus') },
  PodSpec: { 10: string('nodeName') },
  PodStatus: { 1: string('phase') },
}

/** Kinds that are decoded whole, with the API group that they must have: another group may have a kind of this name. */
export const whole: Readonly<Record<string, string>> = {
  Secret: '',
  ConfigMap: '',
  Namespace: '',
  ServiceAccount: '',
  Service: '',
  Role: 'rbac.authorization.k8s.io',
  ClusterRole: 'rbac.authorization.k8s.io',
  RoleBinding: 'rbac.authorization.k8s.io',
  ClusterRoleBinding: 'rbac.authorization.k8s.io',
}
