import { describe, expect, it } from 'vitest'
import { startVersion } from '../../src/etcd-manager/start-version.ts'

const installed = [
  { node: 'a', versions: ['3.4.13', '3.5.30', '3.6.11', '3.7.3'] },
  { node: 'c', versions: ['3.5.30', '3.6.11', '3.7.3'] },
]
const start = (dataVersion: string | undefined, specVersion: string) =>
  startVersion({ dataVersion, specVersion, installed })

describe('the etcd that is to start on data put in place', () => {
  it.each([
    ['3.5.0', '3.5.30'],
    ['3.4.0', '3.5.30'],
    ['3.5.0', '3.6.11'],
    ['3.6.0', '3.7.3'],
    ['3.7.0', '3.7.3'],
    [undefined, '3.5.30'],
  ])("data of %s start with the spec's %s", (data, spec) => {
    const doubts = data === undefined ? [expect.stringMatching(/^the data do not say which etcd wrote them/)] : []
    expect(start(data, spec)).toEqual({ ok: true, version: spec, doubts })
  })

  it.each([
    ['3.6.0', '3.5.30', /by etcd 3\.6, a newer etcd than the cluster spec's 3\.5\.30/],
    ['3.7.0', '3.6.11', /by etcd 3\.7, a newer etcd/],
    ['3.5.0', '3.7.3', /more than one minor version older/],
    ['3.4.0', '3.6.11', /more than one minor version older/],
    ['2.3.0', '3.5.30', /does not read/],
    ['nonsense', '3.5.30', /does not read/],
  ])('data of %s are refused for %s: etcd-manager would rebuild them key by key', (data, spec, why) => {
    expect(start(data, spec)).toEqual({ ok: false, why: expect.stringMatching(why) })
  })

  it('an etcd that some node does not carry is refused; where that could not be read it is a doubt, and never a yes', () => {
    expect(start('3.4.0', '3.4.13')).toEqual({
      ok: false,
      why: expect.stringMatching(/on c does not carry etcd 3\.4\.13 .*3\.5\.30/),
    })
    const unread = [...installed.slice(0, 1), { node: 'b', versions: [] }, { node: 'c', versions: [] }]
    expect(startVersion({ dataVersion: '3.4.0', specVersion: '3.4.13', installed: unread })).toEqual({
      ...{ ok: true, version: '3.4.13' },
      doubts: ['which etcds etcd-manager carries on b, c could not be told; it has to have 3.4.13'],
    })
  })

  it('a spec without a version is refused, and what it says is cut', () => {
    expect(start('3.5.0', '')).toEqual({ ok: false, why: 'the cluster spec wants etcd ""' })
    const odd = start('3.5.0', `\u001b[2J${'x'.repeat(100)}`)
    expect(odd).toMatchObject({ ok: false, why: expect.stringMatching(/\\u001b\[2Jx{30,40}"$/) })
  })
})
