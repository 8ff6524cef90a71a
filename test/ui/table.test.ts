import { describe, expect, it } from 'vitest'
import { tableLines } from '../../src/ui/table.ts'
import { clean } from '../../src/ui/text.ts'
import { copyCells, copyColumns } from '../../src/words/copy-cells.ts'
import { widthOf } from '../../src/words/wrap.ts'

const copy = (node: string, over = {}) => ({
  ...{ id: `${node}:ErKiliEFsl3bHviAuG-WGg`, node, path: `/mnt/${node}/data-trashcan/ErKiliEFsl3bHviAuG-WGg` },
  ...{ place: 'trashcan', isUsed: false, revision: 2678, walWrites: 1234, walWritesExact: true, keys: 4523 },
  ...{ sizeBytes: 16_801_792, at: '2026-11-26T23:58:09Z', etcdVersion: '3.5.30', findings: [] },
  ...{ why: 'best: its cluster holds most, and its log reaches furthest' },
  ...over,
})
const rows = copyCells([copy('a'), copy('b', { why: 'the same cluster, 12 log entries behind the best' })])

describe('a table', () => {
  it('is as wide as it is in a log', () => {
    expect(tableLines(copyColumns, rows)).toEqual([
      'copy                      place     revision  only in WAL    keys     size  since (UTC)         etcd  why',
      'a:ErKiliEFsl3bHviAuG-WGg  trashcan     2,678        1,234  ~4,523  16.8 MB  2026-11-26 23:58  3.5.30  best: its cluster holds most, and its log reaches furthest',
      'b:ErKiliEFsl3bHviAuG-WGg  trashcan     2,678        1,234  ~4,523  16.8 MB  2026-11-26 23:58  3.5.30  the same cluster, 12 log entries behind the best',
    ])
  })

  it('has its last column wrapped by words where a terminal is not that wide', () => {
    const lines = tableLines(copyColumns, rows.slice(0, 1), 140)
    expect(lines.map((line) => line.slice(102))).toEqual([
      'why',
      'best: its cluster holds most, and its',
      'log reaches furthest',
    ])
  })

  it('becomes a few lines a row where there is no room for a table', () => {
    expect(tableLines(copyColumns, rows.slice(0, 1), 78)).toEqual([
      'a:ErKiliEFsl3bHviAuG-WGg',
      '    place: trashcan, revision: 2,678, only in WAL: 1,234, keys: ~4,523,',
      '    size: 16.8 MB, since (UTC): 2026-11-26 23:58, etcd: 3.5.30',
      '    why: best: its cluster holds most, and its log reaches furthest',
    ])
  })

  it('has no row over the edge, at any width, and nothing that a cell could paint with', () => {
    const evil = ['x\u001b[2J\u0007y\nz', 'data', '表'.repeat(20), '', '', '', '', '', 'why\u202e not '.repeat(20)]
    for (let width = 30; width <= 200; width += 1)
      for (const line of tableLines(copyColumns, [...rows, evil], width)) {
        expect(widthOf(line), line).toBeLessThanOrEqual(Math.max(width, 54))
        expect(line).toBe(clean(line))
      }
  })

  it('tells a token that lies twice on a node by its paths', () => {
    const twice = [copy('a'), copy('a', { path: '/mnt/a/data/ErKiliEFsl3bHviAuG-WGg', place: 'data' }), copy('b')]
    expect(copyCells(twice).map(([name]) => name)).toEqual([
      'a:/mnt/a/data-trashcan/ErKiliEFsl3bHviAuG-WGg',
      'a:/mnt/a/data/ErKiliEFsl3bHviAuG-WGg',
      'b:ErKiliEFsl3bHviAuG-WGg',
    ])
  })
})
