import { Agent, type IncomingMessage } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import { NodeHttp2Handler, NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'
import type { KinesisClientOptions } from './client-options.ts'

const mostSockets = 64
/** For what is asked beside the requests that put. */
const socketsBeside = 4
const connectTimeoutMs = 6_000
/** As KCL waits for an answer, and for more of one. */
const readTimeoutMs = 30_000
/** As the Kinesis Producer Library does. */
const writeTimeoutMs = 6_000
/** The service tells of every subscription again and again, records or not. As KCL does. */
const silenceMs = 35_000

/**
 * A client for all but subscriptions: HTTP/1.1 over connections that are kept, as the handler that the SDK comes with opens a TLS
 * session a call. It tries once: who calls knows what an error means.
 */
export function createClient(
  options: KinesisClientOptions,
  requestTimeoutMs: number = readTimeoutMs,
  maxSockets: number = mostSockets,
): KinesisClient {
  const agentOptions = { keepAlive: true, maxSockets }
  const requestHandler = new AnswerHandler(requestTimeoutMs, {
    connectionTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // a connection may well be silent: the tail of a long body goes out of buffers of the system
    socketTimeout: 0,
    throwOnRequestTimeout: true,
    httpAgent: new Agent(agentOptions),
    httpsAgent: new SecureAgent(agentOptions),
  })
  return new KinesisClient({ ...configOf(options), requestHandler })
}

/** The same for those who put so many requests at a time, and put again what was not answered in time: none waits for a socket meanwhile. */
export const createWriteClient = (options: KinesisClientOptions, maxInFlight: number): KinesisClient =>
  createClient(options, writeTimeoutMs, maxInFlight + socketsBeside)

/**
 * A client for subscriptions alone, which need HTTP/2; the SDK gives each a connection of its own. One that says nothing for so long is dead, and
 * is closed.
 */
export function createPushClient(options: KinesisClientOptions, mostSilenceMs: number = silenceMs): KinesisClient {
  return new KinesisClient({
    ...configOf(options),
    requestHandler: new NodeHttp2Handler({ requestTimeout: mostSilenceMs }),
  })
}

/** The time of a request ends with the headers of its answer. This one also ends an answer whose body stalls. */
class AnswerHandler extends NodeHttpHandler {
  readonly #stallMs: number

  constructor(stallMs: number, options: NodeHttpHandlerOptions) {
    super(options)
    this.#stallMs = stallMs
  }

  override async handle(...call: Parameters<NodeHttpHandler['handle']>): ReturnType<NodeHttpHandler['handle']> {
    const result = await super.handle(...call)
    const body = result.response.body as IncomingMessage
    // an agent takes that back, once the connection is its own again
    body.setTimeout(this.#stallMs, () =>
      body.destroy(
        Object.assign(new Error(`an answer has stalled for ${this.#stallMs} ms behind its headers`), {
          name: 'TimeoutError',
        }),
      ),
    )
    return result
  }
}

function configOf({ region, endpoint, credentials, role }: KinesisClientOptions): KinesisClientConfig {
  const own = credentials as KinesisClientConfig['credentials']
  const assumed =
    role &&
    fromTemporaryCredentials({
      ...(own !== undefined && { masterCredentials: own }),
      ...(region !== undefined && { clientConfig: { region } }),
      params: {
        RoleArn: role.arn,
        RoleSessionName: role.sessionName ?? 'millrace',
        ...(role.externalId !== undefined && { ExternalId: role.externalId }),
      },
    })
  return {
    maxAttempts: 1,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...((assumed ?? own) !== undefined && { credentials: assumed ?? own }),
  } as KinesisClientConfig
}
