#!/usr/bin/env node
// In a checkout the TypeScript sources run as they are; the published package has only dist.
import { existsSync } from 'node:fs'
import { enableCompileCache, registerHooks } from 'node:module'

const condition = '@millrace/source'
const source = new URL('../src/cli/main.ts', import.meta.url)

enableCompileCache()
if (existsSync(source)) {
  process.execArgv.push('-C', condition) // for fork(), and for a Worker given `execArgv: process.execArgv`
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, condition] }),
  })
  await import(source.href)
} else {
  await import('../dist/cli/main.js')
}
