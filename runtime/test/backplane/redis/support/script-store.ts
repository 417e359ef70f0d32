import { Redis } from 'ioredis'
import { Durability } from '../../../../src/backplane/redis/durability.ts'
import { Keys } from '../../../../src/backplane/redis/keys.ts'
import { luaScripts } from '../../../../src/backplane/redis/lua-scripts.ts'
import type { LuaScript } from '../../../../src/backplane/redis/lua-script.ts'
import type { Value } from '../../../../src/backplane/redis/model/keyspace.ts'
import { modelScripts } from '../../../../src/backplane/redis/model/model-scripts.ts'
import { ModelServer } from '../../../../src/backplane/redis/model/model-server.ts'
import type { Argument, RedisPort, Reply } from '../../../../src/backplane/redis/redis-port.ts'
import type { Scripts } from '../../../../src/backplane/redis/scripts.ts'

/** Scripts over data that a test can look at, by a clock and on a server of its choice. */
export interface ScriptStore {
  readonly scripts: Scripts
  /** Sets the clock, and the id of the server. */
  set(now: number, server: string): Promise<void>
  /** All keys of the job with what they hold. */
  dump(): Promise<{ readonly [key: string]: unknown }>
  dispose(): Promise<void>
}

const firstTime = 1_700_000_000_000
let jobs = 0

/** Over the model. */
export function modelScriptStore(): ScriptStore {
  let now = firstTime
  const keys = new Keys('model')
  const clock = { now: () => now }
  let server = new ModelServer({ id: 'first', clock })
  return {
    scripts: modelScripts({ server: () => server, keys }),
    async set(time, id) {
      now = time
      if (server.id !== id) server = server.copy({ id, clock })
    },
    dump: async () => dumpModel(server, keys.prefix),
    dispose: async () => undefined,
  }
}

/** Over a real Redis, whose scripts are told the time and the server instead of asking for them. */
export async function redisScriptStore(url: string): Promise<ScriptStore> {
  const keys = new Keys(`scripts ${process.pid}-${++jobs}`)
  const client = new Redis(url, { protocol: 2 })
  const set = async (now: number, server: string): Promise<void> => {
    await client.mset({ [keys.of('test:now')]: now, [keys.of('test:server')]: server })
  }
  await set(firstTime, 'first')
  return {
    scripts: luaScripts(toldPort(client), keys, new Durability(async () => nothing)),
    set,
    dump: () => dumpRedis(client, keys.prefix),
    dispose: async () => {
      const left = await client.keys(`${keys.prefix}*`)
      if (left.length > 0) await client.del(left)
      client.disconnect()
    },
  }
}

const nothing = { isOnDisk: false, replicas: 0, timeoutMs: 1 }

function toldPort(client: Redis): RedisPort {
  const run = async (script: LuaScript, prefix: string, args: readonly Argument[]): Promise<Reply> => {
    const buffers = args.map((each) => (typeof each === 'string' ? each : Buffer.from(each)))
    return (await client.callBuffer('EVAL', told(script.source), '1', prefix, ...buffers)) as Reply
  }
  return {
    run,
    runAndWait: async (script, prefix, args) => ({ reply: await run(script, prefix, args), isReached: true }),
    close: async () => undefined,
  }
}

const told = (source: string): string =>
  source
    .replaceAll(
      `redis.call('TIME')`,
      `(function(t) return { math.floor(t / 1000), t % 1000 * 1000 } end)(tonumber(redis.call('GET', KEYS[1] .. 'test:now')))`,
    )
    .replaceAll(`redis.pcall('INFO', 'server')`, `('run_id:' .. redis.call('GET', KEYS[1] .. 'test:server'))`)

function dumpModel({ data }: ModelServer, prefix: string): { [key: string]: unknown } {
  const dump: { [key: string]: unknown } = {}
  for (const key of data.keys()) {
    const name = key.slice(prefix.length)
    if (data.hgetall(key).size > 0) dump[name] = fieldsOf(name, [...data.hgetall(key)])
    else if (data.zcard(key) > 0) dump[name] = sorted(data.zrange(key).map(([member, score]) => [member, score]))
    else if (data.scard(key) > 0) dump[name] = data.smembers(key)
    else dump[name] = data.xrange(key, -1, Infinity).map(({ id, bytes }) => [id, hex(bytes)])
  }
  return dump
}

async function dumpRedis(client: Redis, prefix: string): Promise<{ [key: string]: unknown }> {
  const dump: { [key: string]: unknown } = {}
  for (const key of (await client.keys(`${prefix}*`)).toSorted()) {
    const name = key.slice(prefix.length)
    if (!name.startsWith('test:')) dump[name] = await dumpKey(client, key, name)
  }
  return dump
}

async function dumpKey(client: Redis, key: string, name: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'hash':
      return fieldsOf(name, Object.entries((await client.hgetallBuffer(key)) as { [field: string]: Buffer }))
    case 'zset': {
      const flat = await client.zrange(key, '0', '-1', 'WITHSCORES')
      return sorted(
        flat.flatMap((member, i): [string, number][] => (i % 2 === 0 ? [[member, score(flat[i + 1])]] : [])),
      )
    }
    case 'set':
      return (await client.smembers(key)).toSorted()
    default: {
      const entries = await client.xrangeBuffer(key, '-', '+')
      return entries.map(([id, fields]) => [Number(id.toString().split('-')[0]), hex(fields[1] ?? Buffer.of())])
    }
  }
}

const score = (text = ''): number => (text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text))

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const sorted = <T extends readonly [string, unknown]>(entries: readonly T[]): T[] =>
  entries.toSorted(([a], [b]) => (a < b ? -1 : 1))

/** Numbers and lists that the two write differently are compared as what they mean. */
function fieldsOf(name: string, fields: readonly (readonly [string, Value])[]): unknown {
  const isList = (field: string): boolean => name === 'claimed' || field === 'parents'
  return sorted(
    fields.map(([field, value]): [string, unknown] => {
      const text = typeof value === 'string' ? value : Buffer.from(value).toString('latin1')
      if (isList(field)) return [field, JSON.parse(text)]
      return [field, name === 'floors' || field === 'from' || field === 'end' ? score(text) : text]
    }),
  )
}
