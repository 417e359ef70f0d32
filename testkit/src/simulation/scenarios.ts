import type { Scenario } from './scenario.ts'
import { expiringHandles } from './scenarios/expiring-handles.ts'
import { fullExchange } from './scenarios/full-exchange.ts'
import { oldMaster } from './scenarios/old-master.ts'
import { recreatedStream, startAtLatest } from './scenarios/start-at-latest.ts'
import { stateFiles } from './scenarios/state-files.ts'
import { strangeTimes } from './scenarios/strange-times.ts'

/** All scenarios: of the seeds of a run, each plays a plain life and one of these. */
export const scenarios: readonly Scenario[] = [
  oldMaster,
  expiringHandles,
  stateFiles,
  fullExchange,
  startAtLatest,
  recreatedStream,
  strangeTimes,
]

/** The scenario of a name; undefined for none. */
export function scenarioNamed(name: string | undefined): Scenario | undefined {
  const found = scenarios.find((scenario) => scenario.name === name)
  if (name !== undefined && found === undefined)
    throw new Error(`scenario: there is no '${name}', but ${scenarios.map((scenario) => scenario.name).join(', ')}`)
  return found
}
