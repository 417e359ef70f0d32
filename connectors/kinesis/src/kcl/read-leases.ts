import { badOption } from '@millrace/core'
import { type KclLease, readLeaseFile, scanLeases } from './leases.ts'

/** How a table is reached. */
export interface TableOptions {
  readonly region?: string
  readonly endpoint?: string
}

/**
 * The leases of an application of KCL: `dynamodb:<table>` for those of a live table, which needs `@aws-sdk/client-dynamodb`, or a file.
 *
 * @throws MillraceError BAD_OPTION
 */
export async function readLeases(from: string, options: TableOptions = {}): Promise<KclLease[]> {
  if (!from.startsWith('dynamodb:')) return readLeaseFile(from)
  const table = from.slice('dynamodb:'.length)
  const { DynamoDBClient, ScanCommand } = await import('@aws-sdk/client-dynamodb').catch(() => {
    throw badOption('@aws-sdk/client-dynamodb: is not installed; npm install @aws-sdk/client-dynamodb, or give a file')
  })
  const client = new DynamoDBClient(options)
  try {
    return await scanLeases(
      (key) =>
        client.send(
          new ScanCommand({
            TableName: table,
            ConsistentRead: true,
            ...(key !== undefined && { ExclusiveStartKey: key as {} }),
          }),
        ),
      table,
    )
  } finally {
    client.destroy()
  }
}
