// A process of its own for the drill's S3 server; ends with its parent.
const { startLabS3 } = await import(process.argv[2])
await startLabS3(JSON.parse(process.env.OPTIONS ?? '{}'))
process.stdin.resume().on('end', () => process.exit())
