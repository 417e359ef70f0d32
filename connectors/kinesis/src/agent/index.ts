/**
 * Runs configurations of the Kinesis Agent; the command `millrace agent` loads it.
 *
 * @packageDocumentation
 */
export { parseAgentConfig } from './agent-config.ts'
export type { AgentConfig, AgentFlow } from './agent-config.ts'
export { agentTopology } from './agent-topology.ts'
export type { Convert } from './processing.ts'
