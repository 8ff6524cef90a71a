export { absent, type Seen, seen, type Unseen, unseen } from './seen.ts'
