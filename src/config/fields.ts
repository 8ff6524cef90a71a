import { isIP } from 'node:net'
import { z } from 'zod'

const hostName = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/

const isHost = (text: string) => isIP(text) !== 0 || hostName.test(text)

/** Strings of the config. All end up in paths, URLs, prompts or argument vectors, so each has a narrow alphabet. */
export const clusterName = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
    'a cluster name as kOps has it: lower-case letters, digits, dots and dashes',
  )

/** `main`, `events`, `cilium`, `leases`: a folder in the store and a name of containers. */
export const etcdClusterName = z
  .string()
  .max(63)
  .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, "an etcd cluster's name: main, events, cilium, leases")

export const nodeName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'a node name: letters, digits, dots, dashes and underscores')

export const hostAddress = z.string().refine(isHost, 'an IP address or a host name')

export const port = z.int().min(1).max(65535)

export const userName = z.string().regex(/^[A-Za-z_][A-Za-z0-9._@-]{0,63}$/, 'a user name')

/** `[user@]host[:port]`, as `ssh -J` takes it. */
export const jumpHost = z.string().refine((text) => {
  const match = /^(?:[A-Za-z_][A-Za-z0-9._-]*@)?(?:\[([0-9a-fA-F:]+)\]|([^:@[\]]+))(?::(\d{1,5}))?$/.exec(text)
  return match !== null && isHost(match[1] ?? match[2] ?? '') && Number(match[3] ?? 22) <= 65535
}, 'user@host:port')

/** A path on a node. */
export const absolutePath = z
  .string()
  .max(1024)
  .regex(/^\/[\w./@%+=:,-]*$/, 'an absolute path without spaces or shell characters')
  .refine((path) => !path.split('/').includes('..'), 'no .. in a path')

/** A glob on a node: `*`, `?` and `[...]`, expanded by our own code and never by a shell that sees other text. */
export const absoluteGlob = z
  .string()
  .max(1024)
  .regex(/^\/[\w./@%+=:,*?[\]-]*$/, 'an absolute glob without spaces or shell characters, as /mnt/*')
  .refine((path) => !path.split('/').includes('..'), 'no .. in a glob')

/** A path on this machine; `~` is the home directory. */
export const localPath = z
  .string()
  .min(1)
  .max(4096)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  .regex(/^[^\u0000-\u001f\u007f]+$/, 'a path without control characters')
