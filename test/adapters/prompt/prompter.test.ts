import { PassThrough, type Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { openPrompter, type PrompterOptions } from '../../../src/adapters/prompt/prompter.ts'

function terminal(isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => {} })
  const output = Object.assign(new PassThrough(), { isTTY, columns: 100, rows: 30 })
  let screen = ''
  ;(output as Readable).on('data', (chunk) => {
    screen += chunk
  })
  const events: string[] = []
  const open = (more: Partial<PrompterOptions> = {}) =>
    openPrompter({
      yes: false,
      input,
      output,
      pause: () => events.push('pause'),
      resume: () => events.push('resume'),
      ...more,
    })
  const typing = async (text: string) => {
    while (!events.includes('pause')) await new Promise((resolve) => setTimeout(resolve, 10))
    await new Promise((resolve) => setTimeout(resolve, 100))
    input.write(text)
  }
  return { open, typing, events, screen: () => screen }
}

describe('the prompter on a terminal', () => {
  it('asks on its output while the screen is paused', async () => {
    const { open, typing, events, screen } = terminal()
    const answer = open().confirm('Go on?', { flag: '--yes' })
    await typing('y\r')
    expect(await answer).toBe(true)
    expect(events).toEqual(['pause', 'resume'])
    expect(screen()).toContain('Go on?')
  })

  it('lets --yes answer no question that accepts a loss, which only --set does', async () => {
    const { open } = terminal(false)
    const prompter = open({ yes: true })
    expect(await prompter.confirm('Go on?', { flag: '--yes' })).toBe(true)
    await expect(prompter.confirm('Lose writes?', { flag: '--set way=db' })).rejects.toMatchObject({
      code: 'ANSWER_MISSING',
      hint: 'answer it with --set way=db',
    })
  })

  it('asks about an unknown host key also with --yes: nobody has looked at the fingerprint', async () => {
    const { open, typing, screen } = terminal()
    const answer = open({ yes: true }).confirm('May this key be added?', { flag: 'ssh.knownHosts' })
    await typing('n\r')
    expect(await answer).toBe(false)
    expect(screen()).toContain('May this key be added?')
  })

  it('shows no escape sequence of a name that came from a node', async () => {
    const { open, typing, screen } = terminal()
    const choices = [{ value: 1, label: 'a:\u001b[2Jtoken\u202e' }]
    const answer = open().select('Which?', choices, { flag: '--copy' })
    await typing('\r')
    expect(await answer).toBe(1)
    expect(screen()).toContain('a:?[2Jtoken?')
  })

  it('wants the name typed, whatever --yes says', async () => {
    const right = terminal()
    const typed = right.open({ yes: true }).typeName('Really?', 'a.example.com', { flag: '--confirm' })
    await right.typing('a.example.con\r')
    await right.typing('a.example.com\r')
    await expect(typed).resolves.toBeUndefined()
    const wrong = terminal()
    const refused = wrong.open().typeName('Really?', 'a.example.com', { flag: '--confirm' })
    const rejection = expect(refused).rejects.toMatchObject({ code: 'CONFIRMATION_WRONG' })
    for (const text of ['y\r', 'yes\r', 'a.example.org\r']) await wrong.typing(text)
    await rejection
  })

  it('offers choices with the default first chosen', async () => {
    const { open, typing } = terminal()
    const choices = [
      { value: 1, label: 'one', disabled: 'no' },
      { value: 2, label: 'two' },
      { value: 3, label: 'three' },
    ]
    const answer = open().select('Which?', choices, { flag: '--copy', default: 3 })
    await typing('\r')
    expect(await answer).toBe(3)
  })

  it('never echoes a password', async () => {
    const { open, typing, screen } = terminal()
    const answer = open().password('Passphrase', { flag: 'ssh-agent' })
    await typing('hunter2\r')
    expect(await answer).toBe('hunter2')
    expect(screen()).not.toContain('hunter2')
  })

  it('is stopped by Ctrl-C as a run is', async () => {
    const { open, typing, events } = terminal()
    const answer = open().confirm('Go on?', { flag: '--yes' })
    const rejection = expect(answer).rejects.toMatchObject({ code: 'STOPPED', exitCode: 130 })
    await typing('\u0003')
    await rejection
    expect(events).toEqual(['pause', 'resume'])
  })
})

describe('the prompter without a terminal', () => {
  it('never waits, and names the flag', async () => {
    const prompter = terminal(false).open()
    expect(prompter.interactive).toBe(false)
    const missing = (flag: string) => ({ code: 'ANSWER_MISSING', exitCode: 20, hint: expect.stringContaining(flag) })
    await expect(prompter.confirm('Go on?', { flag: '--yes' })).rejects.toMatchObject(missing('--yes'))
    await expect(prompter.select('Which?', [], { flag: '--copy' })).rejects.toMatchObject(missing('--copy'))
    await expect(prompter.password('Key', { flag: 'an agent' })).rejects.toMatchObject(missing('an agent'))
    await expect(prompter.typeName('Sure?', 'x', { flag: '--confirm' })).rejects.toMatchObject(missing('--confirm x'))
  })

  it('takes answers from flags', async () => {
    const prompter = terminal(false).open({ yes: true, confirm: 'x' })
    expect(await prompter.confirm('Go on?', { flag: '--yes' })).toBe(true)
    await expect(prompter.typeName('Sure?', 'x', { flag: '--confirm' })).resolves.toBeUndefined()
    await expect(prompter.typeName('Sure?', 'y', { flag: '--confirm' })).rejects.toMatchObject({
      code: 'CONFIRMATION_WRONG',
    })
  })
})
