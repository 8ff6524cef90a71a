import { WithheldError } from '../../errors/rescue-error.ts'
import type { OnCall } from '../../ports/calls.ts'
import type { Scratch } from '../../ports/scratch.ts'
import { shellWord } from '../../shell/quote.ts'

/** A dry run leaves nothing on disk: paths can be named, not made. */
export function withholdScratch(scratch: Scratch, onCall: OnCall): Scratch {
  const tell = (line: string) => onCall({ where: 'this machine', effect: 'change', withheld: true, line })
  const withheld = (line: string): never => {
    tell(line)
    throw new WithheldError(line)
  }
  return {
    peek: (...parts) => scratch.peek(...parts),
    needRoom: (bytes) => scratch.needRoom(bytes),
    boot: () => scratch.boot(),
    dir: async (...parts) => withheld(`mkdir ${shellWord(scratch.peek(...parts))}`),
    file: async (...parts) => withheld(`write ${scratch.peek(...parts)}`),
    removeAll: async () => {
      tell(`remove everything in ${scratch.peek()}`)
      return { files: 0, bytes: 0 }
    },
  }
}
