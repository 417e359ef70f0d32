import { createHash } from 'node:crypto'
import type { World } from '../world.ts'

const sliceBytes = 4 * 1024 * 1024

/** SHA-256, hex; gives way between slices, so that a large state does not hold up the heartbeat. */
export async function contentHash(bytes: Uint8Array, world: World): Promise<string> {
  const hash = createHash('sha256')
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    if (at > 0) await world.giveWay()
    hash.update(bytes.subarray(at, at + sliceBytes))
  }
  return hash.digest('hex')
}
