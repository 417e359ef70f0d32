import {
  array,
  boolean,
  from,
  int,
  isMillraceError,
  nullable,
  number,
  object,
  optional,
  resolveParams,
  Secret,
  secret,
  string,
  topology,
} from '@millrace/core'
import { inspect } from 'node:util'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { consoleTable, generate } from './connectors.ts'

/** The message of the BAD_OPTION that resolving throws. */
function problem(...args: Parameters<typeof resolveParams>): string {
  try {
    resolveParams(...args)
  } catch (error) {
    if (isMillraceError(error, 'BAD_OPTION')) return error.message
    throw error
  }
  throw new Error('nothing was wrong')
}

describe('a parameter', () => {
  const shape = { outDir: string({ default: './out' }) }

  test('is what --set says, else the environment, else its default', () => {
    const env = { MILLRACE_OUT_DIR: '/env' }
    expect(resolveParams(shape, { set: { outDir: '/set' }, env })).toEqual({ outDir: '/set' })
    expect(resolveParams(shape, { env })).toEqual({ outDir: '/env' })
    expect(resolveParams(shape)).toEqual({ outDir: './out' })
  })

  test('may be empty text', () => {
    expect(resolveParams(shape, { set: { outDir: '' } })).toEqual({ outDir: '' })
  })

  test('says how to give it when it is missing', () => {
    expect(problem({ outDir: string({ doc: 'where results go' }) })).toBe(
      'outDir: is missing (where results go); give --set outDir=…, or set MILLRACE_OUT_DIR',
    )
  })

  test('may be absent when it is optional', () => {
    const resolved = resolveParams({ limit: optional(int()) })
    expectTypeOf(resolved).toEqualTypeOf<{ limit?: number | undefined }>()
    expect(resolved).toEqual({})
    expect(resolveParams({ limit: optional(int()) }, { set: { limit: '5' } })).toEqual({ limit: 5 })
  })
})

test('text is parsed as the type asks', () => {
  const shape = {
    text: string(),
    whole: int(),
    real: number(),
    yes: boolean(),
    names: array(string()),
    ports: array(int()),
  }
  const set = { text: '5', whole: '-5', real: '1e-3', yes: 'true', names: 'a, b,c', ports: '1,2' }
  const resolved = resolveParams(shape, { set })
  expectTypeOf(resolved.ports).toEqualTypeOf<number[]>()
  expect(resolved).toEqual({ text: '5', whole: -5, real: 0.001, yes: true, names: ['a', 'b', 'c'], ports: [1, 2] })
  expect(resolveParams({ names: array(string()) }, { set: { names: '' } })).toEqual({ names: [] })
})

test('values of the right type are taken as they are', () => {
  const shape = { whole: int(), yes: boolean(), names: array(string()) }
  expect(resolveParams(shape, { set: { whole: 5, yes: false, names: ['a,b'] } })).toEqual({
    whole: 5,
    yes: false,
    names: ['a,b'],
  })
})

test.each([
  [int(), '1.5', 'x: "1.5" is not a whole number'],
  [int(), '', 'x: "" is not a whole number'],
  [int(), '9007199254740993', 'x: "9007199254740993" is not a whole number'],
  [int(), 1.5, 'x: 1.5 is not a whole number'],
  [number(), 'NaN', 'x: "NaN" is not a number'],
  [number(), '0x10', 'x: "0x10" is not a number'],
  [number(), '1e999', 'x: "1e999" is not a number'],
  [boolean(), 'yes', 'x: "yes" is not true or false'],
  [string(), 5, 'x: 5 is not a text'],
  [array(int()), '1,b', 'x: "b" is not a whole number'],
  [array(int()), 5, 'x: 5 is not a list; write items with commas between'],
])('%o refuses %o', (field, given, message) => {
  expect(problem({ x: field }, { set: { x: given } })).toBe(message)
})

test('a name that is no parameter is an error that names the near miss, and never shows its value', () => {
  const shape = { stream: string({ default: 'a' }), out: string({ default: 'b' }) }
  expect(problem(shape, { set: { steam: 'hunter2' } })).toBe('steam: there is no such parameter; did you mean stream?')
  expect(problem(shape, { set: { password: 'hunter2' } })).toBe(
    'password: there is no such parameter; parameters are stream, out',
  )
  expect(problem({}, { set: { x: '1' } })).toBe('x: there is no such parameter; the topology has no parameters')
})

test('everything that is wrong comes in one error', () => {
  const shape = { whole: int(), out: string(), password: secret() }
  expect(problem(shape, { set: { whole: 'x', outt: 'y' } })).toBe(
    [
      '4 parameters are wrong:',
      '  - outt: there is no such parameter; did you mean out?',
      '  - whole: "x" is not a whole number',
      '  - out: is missing; give --set out=…, or set MILLRACE_OUT',
      '  - password: is missing; give --set password=env:NAME or password=file:PATH, or set MILLRACE_PASSWORD',
    ].join('\n'),
  )
})

describe('a secret', () => {
  const shape = { password: secret() }
  const readFile = (path: string): string => {
    if (path !== '/run/secret') throw new Error(`ENOENT ${path}`)
    return 'hunter2\n'
  }

  test('comes from the environment or a file, without the end of its last line', () => {
    const fromEnv = resolveParams(shape, { set: { password: 'env:DB_PASSWORD' }, env: { DB_PASSWORD: 'hunter2' } })
    const fromFile = resolveParams(shape, { env: { MILLRACE_PASSWORD: 'file:/run/secret' }, readFile })
    expect(fromEnv.password.reveal()).toBe('hunter2')
    expect(fromFile.password.reveal()).toBe('hunter2')
  })

  test('is read again at each call, so that a changed one takes effect', () => {
    const env = { DB_PASSWORD: 'old' }
    const { password } = resolveParams(shape, { set: { password: 'env:DB_PASSWORD' }, env })
    env.DB_PASSWORD = 'new'
    expect(password.reveal()).toBe('new')
  })

  test('prints as [secret], however it is printed', () => {
    const { password } = resolveParams(shape, { set: { password: 'env:P' }, env: { P: 'hunter2' } })
    expect(
      [String(password), JSON.stringify({ password }), inspect(password), inspect({ password })].join(),
    ).not.toContain('hunter2')
    expect(inspect({ password })).toBe('{ password: [secret] }')
  })

  test('given as itself is refused and not shown', () => {
    expect(problem(shape, { set: { password: 'hunter2' } })).toBe(
      'password: is a secret; give env:NAME or file:PATH, never the secret itself',
    )
    expect(problem(shape, { env: { MILLRACE_PASSWORD: 'hunter2' } })).not.toContain('hunter2')
  })

  test('is missed at once where there is none', () => {
    expect(problem(shape, { set: { password: 'env:NOPE' } })).toBe('password: there is no secret at env:NOPE')
    expect(problem(shape, { set: { password: 'file:/nope' }, readFile })).toBe(
      'password: the secret at file:/nope cannot be read',
    )
  })

  test('may be optional', () => {
    expect(resolveParams({ password: optional(secret()) })).toEqual({})
    const given = new Secret(() => 'x')
    expect(resolveParams({ password: optional(secret()) }, { set: { password: given } }).password).toBe(given)
  })
})

describe('params()', () => {
  test('refuses names that no command line or environment can give', () => {
    expect(() => topology('x').params({ 'out-dir': string() })).toThrow('params: "out-dir" is no name')
    expect(() => topology('x').params({ outDir: string(), out_dir: string() })).toThrow(
      "params: two are read from MILLRACE_OUT_DIR; rename 'out_dir'",
    )
  })

  test('refuses types that text cannot give', () => {
    const nested = "params: 'x' must be a string, int, number, boolean, secret or array of those"
    expect(() => topology('x').params({ x: object({ y: string() }) })).toThrow(nested)
    expect(() => topology('x').params({ x: nullable(string()) })).toThrow(nested)
    expect(() => topology('x').params({ x: array(array(string())) })).toThrow(nested)
  })

  test('gives its values to sources() and build()', () => {
    const seen: unknown[] = []
    const t = topology('x')
      .params({ out: string(), every: int({ default: 5 }) })
      .sources((p) => {
        seen.push(p)
        return { c: fromGenerated() }
      })
      .build(({ c }, p) => {
        seen.push(p)
        return { out: c.to(consoleTable()) }
      })
    t.graph(resolveParams({ out: string(), every: int({ default: 5 }) }, { set: { out: 'o' } }))
    expect(seen).toEqual([
      { out: 'o', every: 5 },
      { out: 'o', every: 5 },
    ])
  })
})

const fromGenerated = () => from(generate((i) => i))
