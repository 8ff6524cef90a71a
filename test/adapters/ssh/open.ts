import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openHost } from '../../../src/adapters/ssh/open-host.ts'
import type { SshHostOptions } from '../../../src/adapters/ssh/options.ts'
import { systemClock } from '../../../src/ports/clock.ts'
import type { Prompter } from '../../../src/ports/prompter.ts'
import type { RemoteHost } from '../../../src/ports/remote-host.ts'
import type { Sshd } from '../../support/sshd.ts'

/** A prompter without a terminal. Being asked anything is a mistake of the code under test. */
export const nobody = scripted({}, false)

/** A prompter that answers from a list and remembers what it was asked. */
export function scripted(
  answers: { confirm?: boolean[]; passwords?: string[] },
  interactive = true,
): Prompter & { asked: string[] } {
  const asked: string[] = []
  const next = <T>(list: T[] | undefined, question: string): Promise<T> => {
    asked.push(question)
    const answer = list?.shift()
    return answer === undefined ? Promise.reject(new Error(`no answer for: ${question}`)) : Promise.resolve(answer)
  }
  return {
    interactive,
    asked,
    confirm: (question) => next(answers.confirm, question),
    password: (question) => next(answers.passwords, question),
    typeName: (question) => next<void>([], question),
    select: (question) => next([], question),
  }
}

/** A host on this sshd with its key and known_hosts, without the user's own ssh configuration and agent. */
export function open(sshd: Sshd, more: Partial<SshHostOptions> = {}): RemoteHost {
  return openHost({
    name: 'a',
    address: sshd.address,
    port: sshd.port,
    role: 'control-plane',
    user: sshd.user,
    sudo: false,
    identityFile: sshd.identityFile,
    knownHosts: [knownAt(sshd, more.port ?? sshd.port)],
    agent: false,
    prompter: nobody,
    clock: systemClock,
    sshConfig: false,
    ...more,
  })
}

/** sshd's known_hosts for another port, that of a proxy before it. */
export function knownAt(sshd: Sshd, port: number): string {
  if (port === sshd.port) return sshd.knownHosts
  const file = join(sshd.dir, `known_hosts_${port}`)
  writeFileSync(file, sshd.knownHostsLines().replaceAll(`:${sshd.port} `, `:${port} `))
  return file
}

export async function hello(host: RemoteHost): Promise<string> {
  return (await host.run({ effect: 'read', argv: ['printf', 'hello'] })).stdout
}
