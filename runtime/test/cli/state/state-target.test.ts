import { expect, test } from 'vitest'
import { redisTarget, stateTarget } from '../../../src/cli/state/state-target.ts'

const target = (text: string, env: { readonly [name: string]: string } = {}) => stateTarget(text, { env })

test('is a file, nothing, or a Redis', () => {
  expect(target('state/views.db')).toEqual({ type: 'file', path: 'state/views.db' })
  expect(target('memory')).toEqual({ type: 'memory' })
  expect(target('redis://localhost')).toMatchObject({ type: 'redis', where: 'redis://localhost:6379' })
})

test.for([
  ['redis://localhost:6379/2', 'redis://localhost:6379/2'],
  ['rediss://user:secret@redis.example:6380', 'rediss://redis.example:6380'],
  ['redis+sentinel://a:26379,b/primary', 'redis+sentinel://a:26379,b:26379/primary'],
  ['redis+cluster://:secret@a:7000,b:7001', 'redis+cluster://a:7000,b:7001'],
] as const)('%s is shown without user and password', ([url, where]) => {
  expect(target(url)).toEqual({ type: 'redis', url, access: {}, where })
})

test('takes the password from the environment, unless the URL has one', () => {
  const env = { MILLRACE_REDIS_PASSWORD: 'from-env' }
  expect(target('redis://user@localhost', env)).toMatchObject({ access: { password: 'from-env' } })
  expect(target('redis://user:own@localhost', env)).toMatchObject({ access: {} })
  expect(target('redis://localhost', { MILLRACE_REDIS_PASSWORD: '' })).toMatchObject({ access: {} })
  const both = { ...env, MILLRACE_REDIS_SENTINEL_PASSWORD: 'of-sentinels' }
  expect(target('redis://localhost', both)).toHaveProperty('access', { password: 'from-env' })
  expect(target('redis+sentinel://:own@a/primary', both)).toHaveProperty('access', { sentinelPassword: 'of-sentinels' })
})

test.for([
  'redis://u:huntER@secret9@localhost',
  'redis://u:huntER%@localhost',
  'redis://u:huntER/secret9@localhost',
  'rediss+no://u:huntER@localhost',
])('refuses %s without saying what may be a password', (url) => {
  const refused = (): unknown => target(url)
  expect(refused).toThrow(/^--state: /)
  expect(refused).not.toThrow(/huntER|secret9/)
})

test('refuses what is nothing, and what is no Redis where one is needed', () => {
  expect(() => target('')).toThrow('--state: must be the path of a file, the URL of a Redis')
  expect(() => target('redis+sentinel://a')).toThrow('--state: name the primary that the sentinels watch')
  expect(() => redisTarget('views.db', { env: {} })).toThrow('--state: must be the URL of the Redis that workers share')
})
