// A cluster without a Redis: for simulations of many workers in one process.
export { ModelServer } from '../backplane/redis/model/model-server.ts'
export type { ModelServerOptions } from '../backplane/redis/model/model-server.ts'
export { modelScripts } from '../backplane/redis/model/model-scripts.ts'
export type { ModelScriptsOptions } from '../backplane/redis/model/model-scripts.ts'
export { Keys } from '../backplane/redis/keys.ts'
export type { Scripts } from '../backplane/redis/scripts.ts'
export { RedisBackplane } from '../backplane/redis/redis-backplane.ts'
export type { RedisBackplanePorts } from '../backplane/redis/redis-backplane.ts'
export { MemoryStateStore } from './memory-state-store.ts'

// A job in a world of the caller's: its clock, its timers, its chance.
export { startIn } from '../start.ts'
export { ClusterWorker } from '../cluster/cluster-worker.ts'
export type { ClusterWorkerOptions } from '../cluster/cluster-worker.ts'

// What a simulation may break, to see whether it notices.
export { Outbox } from '../exchange/outbox.ts'
export { TaskStates } from '../backplane/redis/task-states.ts'
