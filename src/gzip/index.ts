export { type Ahead, deflateAhead } from './deflate-ahead.ts'
export { BadGzip, gunzip } from './gunzip.ts'
export { gzipFile } from './gzip-file.ts'
export { type GzipOptions, gzipParallel } from './gzip-parallel.ts'
