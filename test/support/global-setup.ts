/** Runs once before all tests: nothing from the caller's environment may leak into them. */
export default function globalSetup(): void {
  for (const name of Object.keys(process.env)) {
    if (/^(KOPS_|S3_|AWS_|ETCDCTL_|ETCD_RESCUE_CONFIG$)/.test(name)) delete process.env[name]
  }
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
}
