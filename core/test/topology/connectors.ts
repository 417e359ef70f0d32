// Connectors that say what they are and never run, and a codec to match: enough to describe topologies with.
import type { Codec, FieldsOf, Meta, OfShape, Secret, Shape, Sink, Source } from '@millrace/core'

const never = (): never => {
  throw new Error('An inert connector was run')
}

const source = <T, M extends Meta = Meta>(kind: string, description: string): Source<T, M> => ({
  kind,
  description,
  partitions: never,
  resolve: never,
  open: never,
  compare: never,
})

const sink = <T>(kind: string, description: string, guarantee: Sink<T>['guarantee']): Sink<T> => ({
  kind,
  description,
  guarantee,
  open: never,
})

interface Json {
  <const S extends Shape>(fields: S): Codec<OfShape<S>>
  <T>(): Codec<T>
}
export const json: Json = <T>(): Codec<T> => ({
  contentType: 'application/json',
  description: 'json',
  decoder: never,
  encoder: never,
})

export interface AccessLog {
  readonly host: string
  readonly at: number
  readonly method: string
  readonly path: string
  readonly status: number
  readonly bytes: number
  readonly agent: string
}
export const accessLog: () => Codec<AccessLog> = () => json()
export const lines: () => Codec<string> = () => json()

export interface KinesisMeta extends Meta {
  readonly sequence: string
  readonly partitionKey: string
}
export const kinesis = <T>(options: { stream: string; decode: Codec<T> }): Source<T, KinesisMeta> =>
  source('kinesis', options.stream)

export interface KafkaMeta extends Meta {
  readonly offset: bigint
}
export const kafka = <T>(options: { topic: string; decode: Codec<T>; password?: Secret }): Source<T, KafkaMeta> =>
  source('kafka', options.topic)

export const file = <T>(options: { path: string; decode: Codec<T> }): Source<T> => source('file', options.path)
export const generate = <T>(_make: (i: number) => T): Source<T> => source('generate', '')

type Path<T> = string | ((value: T) => string)
const pathText = (path: unknown): string => (typeof path === 'string' ? path : 'a path for each record')

export const files = <T>(options: { path: Path<T> }): Sink<T> => sink('file', pathText(options.path), 'exactly-once')
export const s3 = <T>(options: { path: Path<T> }): Sink<T> => sink('s3', pathText(options.path), 'exactly-once')

export const redshift = <T extends object>(options: {
  table: string
  columns?: { [P in keyof NoInfer<T> & string]?: string }
  password?: Secret
}): Sink<T> => sink('redshift', options.table, 'exactly-once')

export const elasticsearch = <T extends object>(options: {
  index: string
  id: FieldsOf<NoInfer<T>, string> | ((value: NoInfer<T>) => string)
}): Sink<T> => sink('elasticsearch', options.index, 'idempotent')

export const consoleTable = (): Sink<unknown> => sink('console', 'table', 'at-least-once')
