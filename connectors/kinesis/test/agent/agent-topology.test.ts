import { agentTopology, parseAgentConfig } from '@millrace/kinesis/agent'
import { expect, test } from 'vitest'

const flow = (filePattern: string, kinesisStream: string) => ({ filePattern, kinesisStream })
const topologyOf = (...flows: object[]) => agentTopology(parseAgentConfig(JSON.stringify({ flows }), 'agent.json'))

test('refuses a flow that is there twice', () => {
  expect(() => topologyOf(flow('/a', 's'), flow('/b', 's'), flow('/a', 's'))).toThrow('flows: /a goes to s twice')
})
