import { dirname, isAbsolute } from 'node:path'
import { badOption } from '@millrace/core'
import { isStream, type KinesisClientOptions } from '../client/client-options.ts'
import { javaRegex } from './java-regex.ts'
import { compileProcessing, type Processing } from './processing.ts'
import { unknownName } from './unknown-name.ts'

/** A flow: some files to one stream. */
export interface AgentFlow {
  readonly filePattern: string
  readonly stream: string
  readonly isRandomKey: boolean
  readonly from: 'start' | 'end'
  readonly maxBufferAgeMs: number
  readonly maxBufferRecords: number
  readonly maxBufferBytes: number
  readonly refreshMs: number
  readonly recordStart: RegExp | undefined
  readonly skipHeaderLines: number
  readonly truncatedRecordTerminator: string
  readonly processing: Processing | undefined
}

/** What a configuration of the Kinesis Agent asks for. */
export interface AgentConfig {
  readonly flows: readonly AgentFlow[]
  readonly client: KinesisClientOptions
  /** What is given and not honoured, each with the reason. */
  readonly ignored: readonly string[]
}

const longestTerminator = 1_024

type Fields = Readonly<Record<string, unknown>>

const honoured = [
  'flows',
  'kinesis.endpoint',
  'kinesis.region',
  'assumeRoleARN',
  'assumeRoleExternalId',
  'awsAccessKeyId',
  'awsSecretAccessKey',
]
const noMetrics = 'it has no metrics for CloudWatch'
const noThreads = 'requests go out without threads'
const ownConnections = 'it keeps connections as it needs them'
const ignored: Readonly<Record<string, string>> = {
  'cloudwatch.emitMetrics': noMetrics,
  'cloudwatch.endpoint': noMetrics,
  'cloudwatch.namespace': noMetrics,
  'cloudwatch.tagInstance': noMetrics,
  'cloudwatch.metricsBufferTimeMillis': noMetrics,
  'cloudwatch.metricsQueueSize': noMetrics,
  'log.emitMetrics': noMetrics,
  'log.emitInternalMetrics': noMetrics,
  'firehose.endpoint': 'there is no flow to Firehose',
  'sts.endpoint': 'the SDK finds it by the region',
  'userDefinedCredentialsProvider.classname': 'it is a class of Java; credentials come from the chain of the SDK',
  'userDefinedCredentialsProvider.location': 'it is a class of Java; credentials come from the chain of the SDK',
  checkpointFile: 'positions are in the state file, --state',
  checkpointTimeToLiveDays: 'positions are kept, also of files that are gone',
  maxSendingThreads: noThreads,
  maxSendingThreadsPerCore: noThreads,
  sendingThreadsKeepAliveMillis: noThreads,
  maxConnections: ownConnections,
  connectionTimeoutMillis: ownConnections,
  connectionTTLMillis: ownConnections,
  socketTimeoutMillis: ownConnections,
  useTcpKeepAlive: ownConnections,
  useHttpGzip: ownConnections,
  userAgent: 'it is that of the SDK',
  userAgentOverride: 'it is that of the SDK',
  sendingThreadsMaxQueueSize: 'what waits is bounded by bytes',
  shutdownTimeoutMillis: 'it stops when all that was read is put',
  'log.level': 'see --log-level',
  'log.file': 'it logs to stderr',
  'log.statusReportingPeriodSeconds': 'see millrace status',
}
const flowFields = [
  'filePattern',
  'kinesisStream',
  'partitionKeyOption',
  'initialPosition',
  'maxBufferAgeMillis',
  'maxBufferSizeRecords',
  'maxBufferSizeBytes',
  'maxTimeBetweenFileTrackerRefreshMillis',
  'multiLineStartPattern',
  'skipHeaderLines',
  'truncatedRecordTerminator',
  'dataProcessingOptions',
]
const ignoredInFlow: Readonly<Record<string, string>> = {
  minTimeBetweenFilePollsMillis: 'files are looked at as they grow',
  aggregatedRecordSizeBytes: 'it is for Firehose only',
  publishQueueCapacity: 'what waits is bounded by bytes',
  waitOnFullPublishQueueMillis: 'it waits until there is room',
  waitOnFullRetryQueueMillis: 'it waits until there is room',
  waitOnEmptyPublishQueueMillis: 'it waits until there is something',
  retryInitialBackoffMillis: 'it has a back-off of its own',
  retryMaxBackoffMillis: 'it has a back-off of its own',
  fileFooterPattern: 'footers are put as any other line',
  'log.emitInternalMetrics': noMetrics,
}

/** Reads an agent.json. @throws MillraceError BAD_OPTION, naming the field, for what would put other data than the Agent does */
export function parseAgentConfig(text: string, path: string): AgentConfig {
  const config = given(objectOf(parse(text, path), path), () => true)
  const notHonoured: string[] = []
  for (const name of Object.keys(config)) {
    if (honoured.includes(name)) continue
    const reason = Object.hasOwn(ignored, name) ? ignored[name] : undefined
    if (reason === undefined) throw unknownName(name, path, [...honoured, ...Object.keys(ignored)])
    notHonoured.push(`${name}: ${reason}`)
  }
  const { flows = [] } = config
  if (!Array.isArray(flows)) throw badOption(`${path}: flows: must be a list`)
  const read = flows.map((flow: unknown, i) =>
    flowOf(
      given(objectOf(flow, `${path}: flows[${i}]`), (name) => name === 'multiLineStartPattern'),
      `${path}: flows[${i}]`,
      notHonoured,
    ),
  )
  return { flows: read, client: clientOf(config, path), ignored: notHonoured }
}

function flowOf(flow: Fields, where: string, notHonoured: string[]): AgentFlow {
  if (flow['deliveryStream'] !== undefined)
    throw badOption(
      `${where}.deliveryStream: '${textOf(flow['deliveryStream'], `${where}.deliveryStream`)}' is a stream of Firehose, which is not possible yet; take the flow out`,
    )
  for (const name of Object.keys(flow)) {
    if (flowFields.includes(name)) continue
    const reason = Object.hasOwn(ignoredInFlow, name) ? ignoredInFlow[name] : undefined
    if (reason === undefined) throw unknownName(name, where, [...flowFields, ...Object.keys(ignoredInFlow)])
    notHonoured.push(`${where.replace(/^.*: /, '')}.${name}: ${reason}`)
  }
  const within = (name: string, otherwise: number, least: number, most: number): number => {
    const given = flow[name] ?? otherwise
    const value = typeof given === 'number' || (typeof given === 'string' && given !== '') ? Number(given) : NaN
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw badOption(`${where}.${name}: '${String(flow[name])}' is no whole number from ${least} to ${most}`)
  }
  const pattern = flow['multiLineStartPattern']
  return {
    filePattern: patternOf(flow['filePattern'], `${where}.filePattern`),
    stream: streamOf(flow['kinesisStream'], `${where}.kinesisStream`),
    isRandomKey:
      oneOf(flow['partitionKeyOption'] ?? 'RANDOM', ['RANDOM', 'DETERMINISTIC'], `${where}.partitionKeyOption`) ===
      'RANDOM',
    from:
      oneOf(flow['initialPosition'] ?? 'END_OF_FILE', ['END_OF_FILE', 'START_OF_FILE'], `${where}.initialPosition`) ===
      'END_OF_FILE'
        ? 'end'
        : 'start',
    maxBufferAgeMs: within('maxBufferAgeMillis', 60_000, 1_000, 900_000),
    maxBufferRecords: within('maxBufferSizeRecords', 500, 1, 500),
    maxBufferBytes: within('maxBufferSizeBytes', 5 * 1024 * 1024, 1, 5 * 1024 * 1024),
    refreshMs: within('maxTimeBetweenFileTrackerRefreshMillis', 10_000, 1, 3_600_000),
    recordStart: pattern === undefined ? undefined : startOf(pattern, `${where}.multiLineStartPattern`),
    skipHeaderLines: within('skipHeaderLines', 0, 0, 1_000_000),
    truncatedRecordTerminator: terminatorOf(flow['truncatedRecordTerminator'], `${where}.truncatedRecordTerminator`),
    processing: compileProcessing(flow['dataProcessingOptions'], `${where}.dataProcessingOptions`),
  }
}

/** The Agent matches from the start of a line. */
function startOf(pattern: unknown, where: string): RegExp {
  const { source, flags } = javaRegex(pattern, where)
  return new RegExp(`^(?:${source})`, flags.replace('m', ''))
}

function clientOf(config: Fields, path: string): KinesisClientOptions {
  const { assumeRoleARN, assumeRoleExternalId, awsAccessKeyId, awsSecretAccessKey } = config
  const [endpoint, region] = [config['kinesis.endpoint'], config['kinesis.region']]
  if ((awsAccessKeyId === undefined) !== (awsSecretAccessKey === undefined))
    throw badOption(`${path}: awsAccessKeyId and awsSecretAccessKey: give both or none`)
  const text = (value: unknown, name: string): string => textOf(value, `${path}: ${name}`)
  const host = endpoint === undefined ? undefined : text(endpoint, 'kinesis.endpoint')
  return {
    ...(host !== undefined && { endpoint: host.includes('://') ? host : `https://${host}` }),
    ...(region === undefined ? regionOf(host) : { region: text(region, 'kinesis.region') }),
    ...(awsAccessKeyId !== undefined && {
      credentials: {
        accessKeyId: text(awsAccessKeyId, 'awsAccessKeyId'),
        secretAccessKey: text(awsSecretAccessKey, 'awsSecretAccessKey'),
      },
    }),
    ...(assumeRoleARN !== undefined && {
      role: {
        arn: text(assumeRoleARN, 'assumeRoleARN'),
        ...(assumeRoleExternalId !== undefined && { externalId: text(assumeRoleExternalId, 'assumeRoleExternalId') }),
      },
    }),
  }
}

function regionOf(host: string | undefined): { region?: string } {
  const region = /kinesis\.([a-z0-9-]+)\.amazonaws\.com/.exec(host ?? '')?.[1]
  return region === undefined ? {} : { region }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(withoutComments(text))
  } catch (error) {
    throw badOption(`${path}: is no JSON: ${(error as Error).message}`)
  }
}

/** The Agent takes comments as Java has them. */
const withoutComments = (text: string): string =>
  text.replaceAll(/("(?:\\.|[^"\\])*")|\/\/.*|\/\*[^]*?\*\//g, (_, literal: string | undefined) => literal ?? ' ')

/** What is null is not given, nor is an empty text for some: the agent.json that the Agent comes with has such ones. */
const given = (fields: Fields, mayBeEmpty: (name: string) => boolean): Fields =>
  Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== null && (value !== '' || !mayBeEmpty(name))),
  )

function objectOf(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw badOption(`${where}: must be an object`)
}

function textOf(value: unknown, where: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw badOption(`${where}: must be a text`)
}

/** As the Agent has them: in one folder. */
function patternOf(value: unknown, where: string): string {
  const pattern = textOf(value, where)
  if (!isAbsolute(pattern)) throw badOption(`${where}: '${pattern}' is no absolute path`)
  if (pattern.endsWith('/')) throw badOption(`${where}: '${pattern}' is a folder; add * for all of its files`)
  if (/[*?[{]/.test(dirname(pattern)))
    throw badOption(`${where}: '${pattern}' has a pattern for folders; give one for files, in a flow for each folder`)
  return pattern
}

function streamOf(value: unknown, where: string): string {
  const stream = textOf(value, where)
  if (isStream(stream)) return stream
  throw badOption(`${where}: '${stream}' is no name of a stream`)
}

function terminatorOf(value: unknown, where: string): string {
  const terminator = textOf(value ?? '\n', where)
  if (Buffer.byteLength(terminator) <= longestTerminator) return terminator
  throw badOption(`${where}: has more than ${longestTerminator} bytes`)
}

function oneOf<T extends string>(value: unknown, of: readonly T[], where: string): T {
  if ((of as readonly unknown[]).includes(value)) return value as T
  throw badOption(`${where}: '${String(value)}' is none of ${of.join(', ')}`)
}
