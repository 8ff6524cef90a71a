export { type ConnectOptions, connectEtcd } from './connect.ts'
export { clientPorts, type LiveEtcdOptions, liveEtcd } from './live.ts'
export { etcdCacheDir, type LocalEtcdOptions, localEtcd } from './local.ts'
