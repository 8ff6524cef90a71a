import { get } from 'node:http'

/** etcd counts the leases that it ended itself (3.4 to 3.7). */
const COUNTER = /^etcd_debugging_server_lease_expired_total (\S+)$/m
const TIMEOUT_MS = 30_000
const MAX_BYTES = 4 << 20

/**
 * How many leases this member has let run out since it was started, and their keys with them. Undefined when it does not
 * say: it has ended, or it is an etcd that does not count.
 */
export async function leasesRunOut(socketPath: string): Promise<number | undefined> {
  const counted = COUNTER.exec(await metrics(socketPath).catch(() => ''))?.[1]
  const count = Number(counted)
  return counted !== undefined && Number.isFinite(count) ? count : undefined
}

function metrics(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path: '/metrics', timeout: TIMEOUT_MS, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        text += part
        if (text.length > MAX_BYTES) request.destroy()
      })
      answer.on('end', () => resolve(text))
      answer.on('error', reject)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', reject)
    request.on('close', () => reject(new Error('no answer')))
  })
}
