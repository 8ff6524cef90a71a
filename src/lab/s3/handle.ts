import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Buckets } from './buckets.ts'
import { type Answer, type Exchange, targetOf } from './exchange.ts'
import type { Asked, Fault, Faults } from './faults.ts'
import { payloadOf } from './payload.ts'
import { errorAnswer, respond } from './respond.ts'
import { routeOf } from './routes.ts'
import { S3Error } from './s3-error.ts'
import { type SignatureRules, verifySignature } from './signature.ts'

export interface ServerState {
  rules: SignatureRules
  buckets: Buckets
  faults: Faults
  onRequest: ((asked: Asked, status: number) => void) | undefined
}

/** One request: signature, route, fault, operation, answer. */
export async function handle(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = randomBytes(8).toString('hex')
  response.setHeader('x-amz-request-id', requestId)
  response.setHeader('server', 'etcd-rescue-lab')
  response.setHeader('date', new Date(state.rules.now()).toUTCString())
  let asked: Asked = { operation: '', bucket: '', key: '' }
  let fault: Fault | undefined
  let answer: Answer
  try {
    const target = targetOf(request)
    const [operation, run] = routeOf(request.method ?? '', target)
    asked = { operation, bucket: target.bucketName, key: target.key }
    const signed = verifySignature(request, state.rules)
    fault = state.faults.take(asked)
    if (fault?.kind === 'slow') await sleep(fault.ms)
    if (fault?.kind === 'answer') throw new S3Error(fault.code)
    const exchange: Exchange = {
      operation,
      method: request.method ?? '',
      ...target,
      headers: request.headers as Record<string, string | undefined>,
      buckets: state.buckets,
      bucket: () => state.buckets.get(target.bucketName),
      payload: () => payloadOf(request, cut(request, fault), signed),
      region: state.rules.region,
      now: state.rules.now(),
      conditions: fault?.kind !== 'ignore-conditions',
    }
    answer = await run(exchange)
  } catch (error) {
    if (request.destroyed && !request.complete) return
    if (!(error instanceof S3Error)) process.emitWarning(error instanceof Error ? error : String(error))
    answer = errorAnswer(error instanceof S3Error ? error : new S3Error('InternalError'), request.url ?? '', requestId)
  }
  state.onRequest?.(asked, answer.status)
  if (fault?.kind === 'lose-answer') {
    request.socket.destroy()
    return
  }
  // what the client still sends is not read: say so, or it would wait
  if (!request.complete) response.setHeader('connection', 'close')
  await respond(response, answer, request.method === 'HEAD', fault).catch(() => response.destroy())
  if (!request.complete) request.resume()
}

async function* cut(request: IncomingMessage, fault?: Fault): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length
    if (fault?.kind === 'cut-upload' && bytes >= fault.at) {
      request.socket.destroy()
      throw new S3Error('IncompleteBody')
    }
    yield chunk as Buffer
  }
}
