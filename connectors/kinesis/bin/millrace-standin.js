#!/usr/bin/env node
// In a checkout the TypeScript sources run as they are; the published package has only dist.
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'

const condition = '@millrace/source'
const source = new URL('../src/testing/main.ts', import.meta.url)

if (existsSync(source)) {
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, condition] }),
  })
  await import(source.href)
} else {
  await import('../dist/testing/main.js')
}
