import type { RescueError } from '../../errors/rescue-error.ts'
import type { Endpoint } from './endpoint.ts'
import { authRefused, keyChanged, keyUnknown, lastLines, type Place, unreachable } from './failures.ts'

/** Sorts what the system's ssh says when it cannot connect. Its messages have been the same for 20 years. */
export function systemFailure(stderr: string, place: Place, endpoint: Endpoint): RescueError {
  const [file = '~/.ssh/known_hosts'] = endpoint.knownHosts
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY|is revoked/i.test(stderr)) {
    const where = /(?:Offending .* key in|marked as revoked in|in) (\S+:\d+)/i.exec(stderr)?.[1] ?? file
    return keyChanged(place, 'has changed or is revoked', where)
  }
  if (/Host key verification failed|host key is known for/i.test(stderr)) {
    const type = /No (\S+) host key is known/i.exec(stderr)?.[1] ?? ''
    return keyUnknown(place, `${type} (ssh does not show more without a terminal)`.trim(), file)
  }
  if (/Permission denied|Too many authentication failures/i.test(stderr)) {
    return authRefused(place, endpoint.user, ["the system's ssh"], new Error(lastLines(stderr)))
  }
  return unreachable(place, lastLines(stderr) || "the system's ssh gave up")
}
