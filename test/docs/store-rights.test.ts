import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { RIGHTS, rightFor } from '../../src/adapters/s3/rights.ts'

it('docs/store-rights.md, which a refused request names, has every right that a request can need', async () => {
  const place = { url: 's3://b/f', bucket: 'b', prefix: 'f/' }
  const [page] = /docs\/[\w-]+\.md/.exec(rightFor({ operation: 'GetObject', place })) ?? []
  const text = await readFile(new URL(`../../${page}`, import.meta.url), 'utf8')
  for (const right of new Set(Object.values(RIGHTS))) expect(text).toContain(`| \`${right}\` |`)
  expect(rightFor({ operation: 'CompleteMultipartUpload of x', place })).toContain('s3:PutObject on arn:aws:s3:::b/f/*')
})
