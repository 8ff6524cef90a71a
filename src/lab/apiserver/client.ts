import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { API_PORT } from '../layout.ts'

/** Where the API servers are, and what is shown to them. */
export interface ApiAccess {
  addresses: readonly string[]
  ca: string
  cert: string
  key: string
}

export const podsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`

/** One GET of one API server; rejects for every answer but 200. */
export function askApi(host: string, path: string, agent: Agent, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port: API_PORT, path, agent, signal }, (answer) => {
      if (answer.statusCode === 200) return resolve(answer)
      answer.resume()
      reject(new Error(`${host}: ${answer.statusCode}`))
    })
    sent.on('error', reject)
    sent.end()
  })
}
