export { type KubeKey, kindOf } from './keys.ts'
export { type Difference, type Explanation, isMasterLease, mayDiffer } from './may-differ.ts'
