import { join } from 'node:path'
import { packageAsInstalled } from '../../scripts/lib/package.mjs'
import { setup as startSharedRgw } from './rgw.ts'

/** Runs once before all tests: nothing from the caller's environment may leak into them. */
export default async function globalSetup(): Promise<(() => Promise<void>) | undefined> {
  for (const name of Object.keys(process.env)) {
    if (/^(KOPS_|S3_|AWS_|ETCDCTL_|ETCD_RESCUE_CONFIG$)/.test(name)) delete process.env[name]
  }
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  // Programs that tests start: the command line, and the sandbox's own (see src/lab/entry.ts)
  const built = await packageAsInstalled()
  process.env.ETCD_RESCUE_TEST_PACKAGE = built
  process.env.ETCD_RESCUE_LAB_DIST = join(built, 'dist')
  // One S3 server for a whole run; a few tests alone start one themselves when they need it
  return process.env.ETCD_RESCUE_TEST_COUNTS ? startSharedRgw() : undefined
}
