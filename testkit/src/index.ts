// Servers of our own, to kill, freeze and start over.
export { type Endpoint } from './endpoint.ts'
export { MissingProgram } from './services/missing-program.ts'
export { type RedisFlavour } from './services/launch-redis.ts'
export { type RedisServer } from './services/redis-server.ts'
export { type RedisOptions, startRedis } from './services/start-redis.ts'
export { type AnyRedis, anyRedis } from './services/any-redis.ts'
export { type RedisReplication, startRedisWithReplica } from './services/redis-replication.ts'
export { type RedisSentinels, type SentinelsOptions, startSentinels } from './services/redis-sentinels.ts'
export { type RedisCluster, type RedisClusterOptions, startRedisCluster } from './services/redis-cluster.ts'

// A network that fails when told to.
export { type FaultProxy, type ProxyOptions, startProxy } from './proxy/fault-proxy.ts'
export { type Direction } from './proxy/connection.ts'

// Waiting without sleeping.
export { until, type UntilOptions } from './until.ts'
export { freePort, loopback } from './free-port.ts'
