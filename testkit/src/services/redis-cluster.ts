import { until } from '../until.ts'
import { askRedis } from './ask-redis.ts'
import type { RedisFlavour } from './launch-redis.ts'
import type { RedisServer } from './redis-server.ts'
import { startRedis } from './start-redis.ts'
import { startTogether, stopTogether } from './start-together.ts'

/** The cluster that {@link startRedisCluster} starts. */
export interface RedisClusterOptions {
  /** @default 3 */
  readonly masters?: number
  /** @default 'redis' */
  readonly flavour?: RedisFlavour
}

/** Masters that share the keys among them; without replicas. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[]
  /** Stops all of them. */
  stop(): Promise<void>
}

const slots = 16_384
const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']

/** Starts a cluster; resolves when every node takes every key. */
export async function startRedisCluster({
  masters = 3,
  flavour = 'redis',
}: RedisClusterOptions = {}): Promise<RedisCluster> {
  const nodes = await startTogether(masters, () => startRedis({ flavour, args: cluster }))
  const stop = (): Promise<void> => stopTogether(nodes)
  try {
    await Promise.all(nodes.map((node, index) => join(node, index, nodes)))
    for (const node of nodes) await until(() => isComplete(node, masters), { what: 'the cluster' })
    return { nodes, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function join(node: RedisServer, index: number, nodes: readonly RedisServer[]): Promise<void> {
  const [from, below] = [index, index + 1].map((part) => Math.floor((slots * part) / nodes.length)) as [number, number]
  const own = [`CLUSTER ADDSLOTSRANGE ${from} ${below - 1}`, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`]
  const meet = nodes.filter((other) => other !== node).map(({ host, port }) => `CLUSTER MEET ${host} ${port}`)
  const reply = await askRedis(node, ...own, ...meet)
  if (reply.includes('-ERR')) throw new Error(`a node of the cluster refused: ${reply}`)
}

async function isComplete(node: RedisServer, masters: number): Promise<boolean> {
  const info = await askRedis(node, 'CLUSTER INFO').catch(() => '')
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${masters}\r\n`)
}
