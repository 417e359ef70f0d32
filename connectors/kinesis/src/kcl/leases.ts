import { readFileSync } from 'node:fs'
import { badOption } from '@millrace/core'

/** A lease of the Kinesis Client Library: how far a shard was read. */
export interface KclLease {
  readonly shardId: string
  /** Of an application that reads several streams: the name, and when it was created, in s since 1970. */
  readonly stream?: { readonly name: string; readonly createdAt: number }
  /** A sequence number, up to and with which all is processed, or TRIM_HORIZON, LATEST, AT_TIMESTAMP, SHARD_END. */
  readonly checkpoint: string
  /** Index of the last member that is processed, of an aggregate. */
  readonly subSequenceNumber: number
}

/** A row of DynamoDB, as its API has it or as plain JSON. */
type Row = Readonly<Record<string, unknown>>

const sentinels = ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP', 'SHARD_END']

/**
 * The leases in a file: what `aws dynamodb scan` prints, or a list of rows as plain JSON. Rows of other kinds, which KCL 3 keeps in the same
 * table, are left out.
 *
 * @throws MillraceError BAD_OPTION for a file that is none, naming the row
 */
export function readLeaseFile(path: string): KclLease[] {
  let parsed: unknown
  try {
    // some tools put a byte order mark before it
    parsed = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    throw badOption(`${path}: cannot be read: ${(error as Error).message}`)
  }
  const { Items, NextToken, LastEvaluatedKey } = (parsed ?? {}) as Readonly<Record<string, unknown>>
  if ((NextToken ?? LastEvaluatedKey ?? null) !== null)
    throw badOption(`${path}: is one page of a table, and there are more: scan it without --max-items or --no-paginate`)
  const rows = Array.isArray(parsed) ? (parsed as unknown[]) : Items
  if (!Array.isArray(rows)) throw badOption(`${path}: is neither a list of rows nor what 'aws dynamodb scan' prints`)
  return leasesOf(rows, path)
}

/** All leases of a table. `scan` gives a page of it. */
export async function scanLeases(
  scan: (from: unknown) => Promise<{ Items?: unknown; LastEvaluatedKey?: unknown }>,
  table: string,
): Promise<KclLease[]> {
  const rows: unknown[] = []
  let from: unknown
  do {
    const page = await scan(from)
    rows.push(...((page.Items ?? []) as unknown[]))
    from = page.LastEvaluatedKey
  } while (from !== undefined)
  return leasesOf(rows, `dynamodb:${table}`)
}

function leasesOf(rows: readonly unknown[], where: string): KclLease[] {
  const leases = rows.flatMap((row, i) => leaseOf(row, `${where}: row ${i + 1}`))
  if (leases.length === 0) throw badOption(`${where}: has no lease; give the lease table of the application`)
  const seen = new Set<string>()
  for (const { shardId, stream } of leases) {
    const name = `${stream?.name ?? ''}:${stream?.createdAt ?? ''}:${shardId}`
    if (seen.has(name)) throw badOption(`${where}: has two leases of ${shardId}`)
    seen.add(name)
  }
  return leases
}

function leaseOf(given: unknown, where: string): KclLease[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw badOption(`${where}: is no object`)
  const row = given as Row
  const kind = textIn(row, 'entityType')
  if (kind !== undefined && kind !== 'LEASE') return []
  const key = textIn(row, 'leaseKey')
  if (key === undefined) throw badOption(`${where}: has no leaseKey; give the lease table of the application`)
  const checkpoint = textIn(row, 'checkpoint')
  if (checkpoint === undefined || !(sentinels.includes(checkpoint) || /^\d{1,129}$/.test(checkpoint)))
    throw badOption(
      `${where} (${key}): the checkpoint '${checkpoint ?? ''}' is neither a number nor one of ${sentinels.join(', ')}`,
    )
  const sub = textIn(row, 'checkpointSubSequenceNumber') ?? '0'
  if (!/^\d{1,15}$/.test(sub))
    throw badOption(`${where} (${key}): the checkpointSubSequenceNumber '${sub}' is no whole number`)
  const lease = { checkpoint, subSequenceNumber: Number(sub) }
  const parts = key.split(':')
  if (parts.length === 1) return [{ shardId: key, ...lease }]
  const [, name = '', createdAt = '', shardId = ''] = parts
  if (parts.length !== 4 || !/^\d{1,15}$/.test(createdAt))
    throw badOption(`${where} (${key}): the key is neither a shard nor account:stream:time:shard`)
  return [{ shardId, stream: { name, createdAt: Number(createdAt) }, ...lease }]
}

/** Texts and numbers, in the form of the API (`{ "S": "…" }`) or plain. */
function textIn(row: Row, name: string): string | undefined {
  const value = row[name]
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return undefined
  const { S, N } = value as { S?: unknown; N?: unknown }
  return typeof S === 'string' ? S : typeof N === 'string' ? N : undefined
}
