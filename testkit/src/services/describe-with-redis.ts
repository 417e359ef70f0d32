import { describe, test } from 'vitest'
import { redisUrlVariable } from './any-redis.ts'
import { findProgram } from './find-program.ts'
import { redisRecipes } from './launch-redis.ts'
import { MissingProgram } from './missing-program.ts'

/** `describe` for tests that start a Redis of their own: skipped, with the reason printed, where there is none. */
export const describeWithRedis = describing(() => void findProgram(redisRecipes.redis))

/** The same for tests that start a Valkey. */
export const describeWithValkey = describing(() => void findProgram(redisRecipes.valkey))

/** The same for tests that use `anyRedis`. */
export const describeWithAnyRedis = describing(() => {
  if (!process.env[redisUrlVariable]) findProgram(redisRecipes.redis)
})

type Describe = (name: string, body: () => void) => void

function describing(find: () => void): Describe {
  return (name, body) => {
    const missing = missingAfter(find)
    if (missing?.excusable) say(missing)
    const suite = missing?.excusable ? describe.skip : describe
    suite(name, missing && !missing.excusable ? failingWith(missing) : body)
  }
}

function missingAfter(find: () => void): MissingProgram | undefined {
  try {
    find()
    return undefined
  } catch (error) {
    if (error instanceof MissingProgram) return error
    throw error
  }
}

const said = new Set<string>()

function say({ message }: MissingProgram): void {
  if (!said.has(message)) console.warn(`Skipped: ${message}`)
  said.add(message)
}

const failingWith = (missing: MissingProgram) => (): void => {
  test('has the server it needs', () => {
    throw missing
  })
}
