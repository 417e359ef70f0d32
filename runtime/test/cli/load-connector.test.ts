import { expect, test } from 'vitest'
import { loadConnector } from '../../src/cli/load-connector.ts'

test('a connector that is not there is asked for by name', async () => {
  await expect(loadConnector('@millrace/nowhere', 'agent', import.meta.dirname)).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: '@millrace/nowhere/agent: is not installed; npm install @millrace/nowhere',
  })
})
