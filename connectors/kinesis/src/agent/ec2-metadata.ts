const endpointVariable = 'AWS_EC2_METADATA_SERVICE_ENDPOINT'
const defaultEndpoint = 'http://169.254.169.254'
const timeoutMs = 2_000
/** After a failure. */
const againMs = 10_000
const tokenSeconds = 60

/** What the instance metadata service says of an instance, under the names that the Agent gives it. */
export type InstanceMetadata = Readonly<Record<string, unknown>>

/**
 * The identity and the tags of the EC2 instance that this runs on, asked for again once they are old. Tags come from the service, too, where they
 * are allowed in it.
 */
export class Ec2Metadata {
  readonly #ttlMs: number
  #metadata: InstanceMetadata | undefined
  #askedAt = -Infinity
  #asking: Promise<void> | undefined

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
  }

  /** As it was known last; undefined where it never was. */
  get current(): InstanceMetadata | undefined {
    if (performance.now() - this.#askedAt > this.#ttlMs) void this.refresh()
    return this.#metadata
  }

  /** Never rejects: what was known stays, and a warning of the process says so. */
  refresh(): Promise<void> {
    this.#askedAt = performance.now()
    this.#asking ??= fetchMetadata()
      .then((metadata) => {
        this.#metadata = metadata
      })
      .catch((error: unknown) => {
        this.#askedAt = performance.now() + againMs - this.#ttlMs
        const rest = this.#metadata === undefined ? 'records go without it' : 'records have what was known before'
        process.emitWarning(
          `the metadata of the EC2 instance is not to be had: ${reasonOf(error)}; ${rest}`,
          'AgentWarning',
        )
      })
      .finally(() => (this.#asking = undefined))
    return this.#asking
  }
}

async function fetchMetadata(): Promise<InstanceMetadata> {
  const endpoint = process.env[endpointVariable] ?? defaultEndpoint
  const lifetime = { 'x-aws-ec2-metadata-token-ttl-seconds': String(tokenSeconds) }
  const answer = await ask(new URL('/latest/api/token', endpoint), { method: 'PUT', headers: lifetime })
  const headers = { 'x-aws-ec2-metadata-token': await textOf(answer) }
  const get = (path: string): Promise<Response> => ask(new URL(path, endpoint), { headers })
  const document = JSON.parse(await textOf(await get('/latest/dynamic/instance-identity/document'))) as InstanceMetadata
  const { privateIp, availabilityZone, instanceId, instanceType, accountId, imageId, region } = document
  const identity = { privateIp, availabilityZone, instanceId, instanceType, accountId, amiId: imageId, region }
  // as Java writes it, without fractions
  const metadataTimestamp = new Date().toISOString().replace(/\.\d+Z$/, '+0000')
  return { ...identity, metadataTimestamp, tags: await tagsOf(get) }
}

async function tagsOf(get: (path: string) => Promise<Response>): Promise<Record<string, string>> {
  const list = await get('/latest/meta-data/tags/instance')
  if (list.status === 404) return {}
  const tags: Record<string, string> = {}
  for (const name of (await textOf(list)).split('\n').filter(Boolean))
    tags[name.toLowerCase()] = await textOf(await get(`/latest/meta-data/tags/instance/${encodeURIComponent(name)}`))
  return tags
}

const ask = (url: URL, request: RequestInit): Promise<Response> =>
  fetch(url, { ...request, signal: AbortSignal.timeout(timeoutMs) })

async function textOf(answer: Response): Promise<string> {
  if (answer.ok) return answer.text()
  throw new Error(`${answer.url}: ${answer.status} ${answer.statusText}`)
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
