import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { unitState } from './units.ts'

/** systemd starts one that ended anew within moments; one that does not run for this long is not coming by itself. */
const SURE_MS = 5000

/** Nothing that kubelet would start comes up on this node: kubelet itself does not run. */
export class KubeletDown extends RescueError {
  override readonly name = 'KubeletDown'
}

/**
 * To be asked while a pod is waited for: throws `KubeletDown` when kubelet has not run all the while. What systemd does not
 * tell, and a kubelet that is no unit of it, say nothing.
 */
export function kubeletWatch(host: RemoteHost, what: string, now: () => number): () => Promise<void> {
  let since: number | undefined
  return async () => {
    const state = await unitState(host, 'kubelet').catch(() => undefined)
    if (state?.load !== 'loaded' || !['inactive', 'failed'].includes(state.active)) {
      since = undefined
      return
    }
    since ??= now()
    if (now() - since < SURE_MS) return
    throw new KubeletDown(
      'TIMED_OUT',
      `${what} on ${host.name}: kubelet does not run there: ${state.active} (${state.sub})`,
      {
        hint: `on ${host.name}: sudo systemctl start kubelet; why it stopped: sudo journalctl -u kubelet -n 50`,
      },
    )
  }
}
