import { describe } from 'vitest'
import { scriptSuite } from './support/script-suite.ts'
import { modelScriptStore } from './support/script-store.ts'

describe('scripts of the model', () => {
  scriptSuite(async () => modelScriptStore())
})
