import type { Client } from 'ssh2'

/** A logged-in connection and what has to be let go with it. */
export interface Login {
  client: Client
  gone(): boolean
  close(): void
}

/** A node that does not answer the goodbye must not keep the process waiting. */
const GOODBYE_MS = 1_000

export function loggedIn(client: Client, onGone: () => void): Login {
  let gone = false
  let goodbye: NodeJS.Timeout | undefined
  client.once('close', () => {
    gone = true
    clearTimeout(goodbye)
    onGone()
  })
  const close = () => {
    if (gone || goodbye) return
    client.end()
    goodbye = setTimeout(() => client.destroy(), GOODBYE_MS)
  }
  return { client, gone: () => gone, close }
}
