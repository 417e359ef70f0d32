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
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw badOption(`${path}: cannot be read: ${(error as Error).message}`)
  }
  const rows = Array.isArray(parsed) ? (parsed as unknown[]) : (parsed as { Items?: unknown }).Items
  if (!Array.isArray(rows)) throw badOption(`${path}: is neither a list of rows nor what 'aws dynamodb scan' prints`)
  return leasesOf(rows as Row[], path)
}

/** All leases of a table. `scan` gives a page of it. */
export async function scanLeases(
  scan: (from: unknown) => Promise<{ Items?: unknown; LastEvaluatedKey?: unknown }>,
  table: string,
): Promise<KclLease[]> {
  const rows: Row[] = []
  let from: unknown
  do {
    const page = await scan(from)
    rows.push(...((page.Items ?? []) as Row[]))
    from = page.LastEvaluatedKey
  } while (from !== undefined)
  return leasesOf(rows, `dynamodb:${table}`)
}

function leasesOf(rows: readonly Row[], where: string): KclLease[] {
  return rows.flatMap((row, i) => {
    const [key, checkpoint] = [textIn(row, 'leaseKey'), textIn(row, 'checkpoint')]
    const kind = textIn(row, 'entityType')
    if (key === undefined || (kind !== undefined && kind !== 'LEASE')) return []
    if (checkpoint === undefined || !(sentinels.includes(checkpoint) || /^\d{1,129}$/.test(checkpoint)))
      throw badOption(
        `${where}: row ${i + 1} (${key}): the checkpoint '${checkpoint ?? ''}' is neither a number nor one of ${sentinels.join(', ')}`,
      )
    const parts = key.split(':')
    const [, name = '', createdAt = ''] = parts
    return [
      {
        shardId: parts.at(-1) ?? key,
        ...(parts.length === 4 && { stream: { name, createdAt: Number(createdAt) } }),
        checkpoint,
        subSequenceNumber: Number(textIn(row, 'checkpointSubSequenceNumber') ?? 0),
      },
    ]
  })
}

/** Texts and numbers, in the form of the API (`{ "S": "…" }`) or plain. */
function textIn(row: Row, name: string): string | undefined {
  const value = row[name]
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return undefined
  const { S, N } = value as { S?: unknown; N?: unknown }
  return typeof S === 'string' ? S : typeof N === 'string' ? N : undefined
}
