import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, loopback } from '../free-port.ts'
import { findProgram } from './find-program.ts'
import type { Program, Recipe } from './program.ts'
import { redisRecipe } from './redis-recipe.ts'
import { RedisServer } from './redis-server.ts'
import { valkeyRecipe } from './valkey-recipe.ts'

/** Whose server it is. */
export type RedisFlavour = 'redis' | 'valkey'

/** Where each flavour comes from. */
export const redisRecipes: { readonly [flavour in RedisFlavour]: Recipe } = {
  redis: redisRecipe,
  valkey: valkeyRecipe,
}

/** How to start a program of Redis. */
export interface LaunchOptions {
  readonly flavour: RedisFlavour
  /** Lines of its `redis.conf`, which it may write to. */
  readonly config: readonly string[]
  /** What follows the path of that file. */
  readonly args: readonly string[]
  /** @default a free one */
  readonly port?: number | undefined
  /** @default a temporary one */
  readonly dir?: string | undefined
}

const attempts = 5

/** Starts a server or a sentinel. Somebody may take the port before it does: then it gets another. */
export async function launchRedis(options: LaunchOptions): Promise<RedisServer> {
  const program = findProgram(redisRecipes[options.flavour])
  for (let attempt = 1; ; attempt++) {
    const server = prepared(program, options, options.port ?? (await freePort()))
    try {
      await server.start()
      return server
    } catch (error) {
      const isTaken = server.log.includes('Address already in use')
      await server.stop()
      if (!isTaken || options.port !== undefined || attempt === attempts) throw error
    }
  }
}

function prepared(program: Program, { config, args, dir }: LaunchOptions, port: number): RedisServer {
  const folder = dir ?? mkdtempSync(join(tmpdir(), 'millrace-redis-'))
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'redis.conf')
  const lines = [`bind ${loopback}`, `port ${port}`, `dir ${JSON.stringify(folder)}`, ...config]
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
  return new RedisServer({ program, args: [file, ...args], folder, temporary: dir === undefined, port })
}
