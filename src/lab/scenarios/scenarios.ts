/** What may come on top of the incident, and what each shows. They can be combined. */
export const SCENARIOS = {
  'member-away': 'one member is away while the others are seeded anew; it comes back with the only newest data',
  'volume-beside': 'a volume made from a disk snapshot is attached beside the real one',
  'torn-log': 'power was cut: each copy ends in the middle of a log record',
  'full-database': 'etcd is at its quota: the alarm NOSPACE is in the data, and a restore brings it back',
  'leader-killed': 'the leader is killed while it seeds the cluster for a restore',
} as const

export type Scenario = keyof typeof SCENARIOS
