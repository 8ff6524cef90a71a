/** What goes wrong on a node; change it while the sandbox runs. */
export interface NodeFaults {
  /** Every login is refused. */
  refuseLogins: boolean
  /** The connection is cut, once, after this many bytes of command output. */
  killConnectionAfterBytes: number | undefined
  /** Every command begins this much later. */
  slowMs: number
  /** New connections are closed at once, as a host that is down behind a live address does. */
  down: boolean
}

export const noFaults = (): NodeFaults => ({
  refuseLogins: false,
  killConnectionAfterBytes: undefined,
  slowMs: 0,
  down: false,
})
