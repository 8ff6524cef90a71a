import type { EtcdMinor } from '../../ports/etcd.ts'

/** Debian's suites and what they hold (STACK, etcd for the tests). The first that works is taken. */
export const debianSuites: Record<EtcdMinor, readonly { suite: string; version: string }[]> = {
  '3.4': [{ suite: 'bookworm', version: '3.4.23' }],
  '3.5': [
    { suite: 'forky', version: '3.5.30' },
    { suite: 'trixie', version: '3.5.16' },
  ],
}

export interface PinnedArchive {
  version: string
  sha256: Partial<Record<NodeJS.Architecture, string>>
}

/**
 * Official release archives with the SHA-256 that their SHA256SUMS name; each sum was found alike in at least two
 * independent public projects that pin it. 3.4.13 is also what etcd-manager restores 3.4 data with (FACTS 4).
 */
export const pinnedArchives: Record<EtcdMinor, PinnedArchive> = {
  '3.4': {
    version: '3.4.13',
    sha256: {
      x64: '2ac029e47bab752dacdb7b30032f230f49e2f457cbc32e8f555c2210bb5ff107',
      arm64: '1934ebb9f9f6501f706111b78e5e321a7ff8d7792d3d96a76e2d01874e42a300',
    },
  },
  '3.5': {
    version: '3.5.21',
    sha256: {
      x64: 'adddda4b06718e68671ffabff2f8cee48488ba61ad82900e639d108f2148501c',
      arm64: '95bf6918623a097c0385b96f139d90248614485e781ec9bee4768dbb6c79c53f',
    },
  },
  '3.6': {
    version: '3.6.11',
    sha256: {
      x64: '8756f7a4eaf921668a83de0bf13c0f65cae9186a165696e3ae8396afe6f557ed',
      arm64: '5302f1a6157c34eb0568c75fba9d06da98353576df04399f08645bef634acd2d',
    },
  },
  '3.7': {
    version: '3.7.1',
    sha256: {
      x64: 'e8cd3fa8064c98137c5dbd78b76f969417ace84efb83c481041d7a52ffdd8fb9',
      arm64: 'd7e25e08f694b6ed7792fc7b7a891fe2c3f3d3dccfe2f3bfdb1547b0eb75b6da',
    },
  },
}
