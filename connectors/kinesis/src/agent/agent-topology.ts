import { createHash } from 'node:crypto'
import { badOption, bytes, from, type Sink, type Source, type Stream, topology, type Topology } from '@millrace/core'
import type { KinesisClientOptions } from '../client/client-options.ts'
import { type FileMeta, files } from '@millrace/file'
import { kinesisSink } from '../sink.ts'
import { randomKey } from '../writing/record-key.ts'
import type { AgentConfig, AgentFlow } from './agent-config.ts'

const keyBytes = 32
/** What a record of Kinesis holds at most, beside its key. */
const mostRecordBytes = 1_048_576 - keyBytes
/** A line that is longer than this is a dead letter; up to it, it is cut as the Agent does. */
const mostLineBytes = 64 * 1024 * 1024

/** A topology of whatever sources and sinks. */
type AnyTopology = Topology<{}, unknown, unknown>

/** The flows of an agent.json as a topology: each tails its files and puts their records on its stream. */
export function agentTopology({ flows, client }: AgentConfig): AnyTopology {
  if (flows.length === 0) throw badOption('flows: there is none')
  const named = flows.map((flow) => ({ flow, name: nameOf(flow) }))
  const twice = named.find(({ name }, i) => named.findIndex((each) => each.name === name) < i)
  if (twice !== undefined)
    throw badOption(`flows: ${twice.flow.filePattern} goes to ${twice.flow.stream} twice; take one of them out`)
  return topology('agent')
    .sources(() => Object.fromEntries(named.map(({ flow, name }) => [name, from(sourceOf(flow))])))
    .build((streams) =>
      Object.fromEntries(
        named.map(({ flow, name }) => {
          const lines = (streams as Readonly<Record<string, Stream<Uint8Array>>>)[name] as Stream<Uint8Array>
          const records = lines.map((line) => recordOf(flow, line), { name: `${name}-records` })
          return [`${name}-${flow.stream}`, records.to(sinkOf(flow, client))]
        }),
      ),
    )
}

/**
 * Positions are stored by this name, so it is of what the flow is, as in the Agent, and not of its place in the list: a flow that another
 * one was put in front of would go on with the positions, and the files, of its neighbour.
 */
function nameOf({ filePattern, stream }: AgentFlow): string {
  const hash = createHash('md5').update(`${stream}\n${filePattern}`).digest('hex')
  return `flow-${hash.slice(0, 12)}`
}

/** The Agent leaves out what rotation has compressed: its lines were read before. */
const compressed = /\.(?:gz|bz2|zip)$/

function sourceOf(flow: AgentFlow): Source<Uint8Array, FileMeta> {
  return files({
    path: flow.filePattern,
    decode: bytes(),
    follow: true,
    exclude: compressed,
    compression: 'none',
    from: flow.from,
    headerLines: flow.skipHeaderLines,
    discoverEvery: Math.min(flow.refreshMs, 1_000),
    maxRecordBytes: mostLineBytes,
    ...(flow.recordStart && { recordStart: flow.recordStart }),
  })
}

/** What is put of a record: converted, with the line feed at its end, and cut where it is too long. */
function recordOf({ processing, truncatedRecordTerminator }: AgentFlow, line: Uint8Array): Uint8Array {
  const data = processing === undefined ? line : Buffer.from(processing.convert(Buffer.from(line).toString()))
  if (data.length + 1 <= mostRecordBytes) return Buffer.concat([data, Buffer.from('\n')])
  const end = Buffer.from(truncatedRecordTerminator)
  return Buffer.concat([data.subarray(0, mostRecordBytes - end.length), end])
}

function sinkOf(flow: AgentFlow, client: KinesisClientOptions): Sink<Uint8Array> {
  return kinesisSink({
    stream: flow.stream,
    encode: bytes(),
    partitionKey: flow.isRandomKey ? () => randomKey() : keyOfData,
    linger: flow.maxBufferAgeMs,
    maxRecords: flow.maxBufferRecords,
    maxRequestBytes: flow.maxBufferBytes,
    maxRecordBytes: mostRecordBytes + keyBytes,
    ...client,
  })
}

const keyOfData = (data: Uint8Array): string => createHash('md5').update(data).digest('hex')
