import type { Unseen } from '../../seen/index.ts'

/** Which volume a node's etcd-manager uses; `absent`: it has none; where nothing tells, why, and what to type. */
export type KnownSeat = { is: 'seen'; value: string } | { is: 'absent' } | (Unseen & { hint: string })
/** By node. One that cannot be reached is not among them. */
export type KnownSeats = ReadonlyMap<string, KnownSeat>
