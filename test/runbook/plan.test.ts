import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadRunbook, planRunbook, renderMarkdown, renderPlan, runbookJsonSchema } from '../../src/runbook/index.ts'
import { registry } from '../../src/steps/registry.ts'
import { testRegistry } from './registry.ts'

const target = { cluster: 'staging.example.com', etcdCluster: 'main' }
const text = `apiVersion: etcd-rescue/v1
name: t
title: A title
description: "What it is for"
inputs:
  copy: { description: "which | copy", default: auto }
  batch: { default: 3 }
  quick: { default: false }
  who: { description: "no default" }
steps:
  - id: find
  - id: choose
    with: { copy: "\${{ inputs.copy }}" }
  - uses: restart
    id: again
    with: { batch: "\${{ inputs.batch }}" }
    when: "!inputs.quick"
    confirm: ask
  - id: nodes
    run: [echo, "hello \${{ inputs.who }}", "a b"]
    reads: true
  - id: hosts
    ssh: { on: [a], command: [reboot] }
    when: fact.copy
  - id: tell
    manual: "Tell \${{ inputs.who }}"
`
const runbook = loadRunbook({ file: 't.yaml', text }, testRegistry)
const plan = (given: Record<string, unknown>) => planRunbook(runbook, testRegistry, target, given)

describe('planning', () => {
  test('is pure: the same plan twice, and no clock, no IO and no randomness is touched', () => {
    const untouched = [Date, Math.random, fetch]
    const now = Date.now
    const random = Math.random
    Date.now = () => {
      throw new Error('planning looked at the clock')
    }
    Math.random = () => {
      throw new Error('planning threw dice')
    }
    try {
      const [first, second] = [plan({ who: 'us' }), plan({ who: 'us' })]
      expect(renderPlan(first)).toEqual(renderPlan(second))
    } finally {
      Date.now = now
      Math.random = random
    }
    expect(untouched).toHaveLength(3)
  })

  test('puts inputs in, keeping the type of a whole reference', () => {
    const { items } = plan({ who: 'us', batch: '7' })
    expect(items.map(({ inputs }) => inputs).slice(0, 3)).toEqual([{}, { copy: 'auto' }, { batch: 7 }])
    expect(items[3]?.reads).toEqual(['on this machine: echo "hello us" "a b"'])
    expect(items[5]?.changes).toEqual(['by hand: Tell us'])
  })

  test('decides conditions on inputs, and leaves those on facts to the run', () => {
    const { items } = plan({ who: 'us', quick: 'yes' })
    expect(items[2]?.skip).toBe('only when !inputs.quick')
    expect(items[4]).toMatchObject({
      when: { kind: 'fact', name: 'copy', negated: false },
      effect: 'change',
      confirm: 'ask',
    })
    expect(items[4]?.skip).toBeUndefined()
  })

  test('tells all wrong inputs at once', () => {
    expect(() => plan({ copi: 'x', batch: 'many', quick: 'maybe' })).toThrow(
      'the inputs of t are not right: unknown input "copi", did you mean "copy"?; batch is "many" and must be a number; quick is "maybe" and must be true or false; who is missing',
    )
    expect(() => plan({ who: 'us', batch: '70' })).toThrow(/the inputs of again are not right/)
  })

  test('prints as text and as Markdown', async () => {
    const made = plan({ who: 'us' })
    await expect(`${renderPlan(made).join('\n')}\n`).toMatchFileSnapshot('../golden/plan.txt')
    await expect(renderMarkdown(made)).toMatchFileSnapshot('../golden/plan.md')
  })
})

describe('the runbooks of the product', () => {
  const names = ['rebuild-from-trashcan', 'restart-apiserver', 'restart-etcd-manager', 'restart-kubelet']
  test.each(names)('%s loads and can be planned', (name) => {
    const source = readFileSync(new URL(`../../runbooks/${name}.yaml`, import.meta.url), 'utf8')
    const loaded = loadRunbook({ file: `runbooks/${name}.yaml`, text: source }, registry)
    expect(loaded.name).toBe(name)
    const { items } = planRunbook(loaded, registry, target)
    for (const item of items) expect([...item.reads, ...item.changes].length, item.id).toBeGreaterThan(0)
  })

  test('every irreversible step can tell whether it has happened', () => {
    for (const step of registry.steps.values()) {
      if (step.effect === 'irreversible') expect(step.happened, step.id).toBeTypeOf('function')
    }
  })

  test('schemas/runbook.schema.json is up to date; write it with: npx vitest run test/runbook -u', async () => {
    const schema = `${JSON.stringify(runbookJsonSchema(registry), null, 2)}\n`
    await expect(schema).toMatchFileSnapshot('../../schemas/runbook.schema.json')
  })

  test('the JSON Schema names every step and its inputs', () => {
    const schema = JSON.stringify(runbookJsonSchema(registry))
    for (const id of registry.steps.keys()) expect(schema).toContain(`{"const":"${id}"`)
    expect(schema).toContain('"copy":{')
  })
})
