// Running a topology.
export { run, start } from './start.ts'
export type { Job, Summary } from './start.ts'
export type { StartOptions } from './start-options.ts'
export type { ThreadOptions } from './threads/thread-options.ts'
export { untilSignal } from './until-signal.ts'
export type { SignalProcess } from './until-signal.ts'
export type { Progress } from './worker/progress.ts'
export type { Ending } from './worker/lifecycle.ts'
export type { Logger } from './logger.ts'

// Where a job keeps how far it has come.
export { embeddedBackplane } from './backplane/embedded/embedded-backplane.ts'
export type { EmbeddedBackplaneOptions } from './backplane/embedded/embedded-backplane.ts'
export type { Liveness } from './backplane/embedded/owner.ts'
export { redisBackplane } from './backplane/redis/create-redis-backplane.ts'
export type { DurabilityOption, RedisBackplaneOptions } from './backplane/redis/redis-options.ts'
export { fileStateStore } from './state-store/file-state-store.ts'
export type { FileStateStoreOptions } from './state-store/file-state-store.ts'
export type { ClusterOptions } from './cluster/cluster-options.ts'

// Time and chance, for simulations.
export { systemWorld } from './world.ts'
export type { World } from './world.ts'
