export { type GzipOptions, gzipParallel } from './gzip-parallel.ts'
