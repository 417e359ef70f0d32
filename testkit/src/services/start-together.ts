import type { RedisServer } from './redis-server.ts'

/** Starts so many servers at once; all of them, or none is left. */
export async function startTogether(
  count: number,
  start: (index: number) => Promise<RedisServer>,
): Promise<RedisServer[]> {
  const starts = await Promise.allSettled(Array.from({ length: count }, (_, index) => start(index)))
  const started = starts.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failed = starts.find((outcome) => outcome.status === 'rejected')
  if (failed === undefined) return started
  await stopTogether(started)
  throw failed.reason
}

/** Stops servers at once. */
export const stopTogether = async (servers: readonly RedisServer[]): Promise<void> =>
  void (await Promise.all(servers.map((server) => server.stop())))
