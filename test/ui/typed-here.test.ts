import { expect, test } from 'vitest'
import { typedHere } from '../../src/ui/typed-here.ts'

test('a command that is told has what was given to find the cluster, and nothing else is touched', () => {
  const given = " --config '/a b.yaml'"
  expect(typedHere('  etcd-rescue runs resume r1', given)).toBe("  etcd-rescue runs resume --config '/a b.yaml' r1")
  expect(typedHere('look: etcd-rescue scan; then etcd-rescue unfence', given)).toBe(
    "look: etcd-rescue scan --config '/a b.yaml'; then etcd-rescue unfence --config '/a b.yaml'",
  )
  expect(typedHere('no leader has read it (etcd-rescue restart etcd-manager)', ' --config c')).toBe(
    'no leader has read it (etcd-rescue restart etcd-manager --config c)',
  )
  expect(typedHere('a bug in etcd-rescue is told', given)).toBe('a bug in etcd-rescue is told')
  expect(typedHere('check etcd-rescue.yaml', given)).toBe('check etcd-rescue.yaml')
  expect(typedHere('etcd-rescue recover --config x', given)).toBe('etcd-rescue recover --config x')
  expect(typedHere('etcd-rescue scan')).toBe('etcd-rescue scan')
})
