import {
  type Checkpoint,
  compareState,
  type Graph,
  type Json,
  MillraceError,
  type StateChange,
  type StateShape,
  stateShapes,
} from '@millrace/core'

/** How stored state is taken up by a topology. */
export interface StatePlan {
  /** Stored name of each state that has another name now; of one that is dropped, a name that nothing is stored under. */
  readonly renamed: ReadonlyMap<string, string>
  /** What is stored has names that the topology no longer knows: the next checkpoint replaces all of it. */
  readonly full: boolean
}

/** The shapes of all states, as a checkpoint keeps them. */
export const storedShapes = (graph: Graph): Json => JSON.parse(JSON.stringify(stateShapes(graph))) as Json

/**
 * Compares a checkpoint with the topology that is to go on with it. Throws CHANGED_TOPOLOGY, naming all that would be
 * lost, unless `drop` names it too: states that are gone or changed, sources that are gone, sinks that are gone while
 * what they prepared may not be committed.
 */
export function planState(checkpoint: Checkpoint, graph: Graph, drop: readonly string[]): StatePlan {
  const changes = compareState(checkpoint.topology as readonly object[] as readonly StateShape[], stateShapes(graph))
  const lost = [...lostStates(changes), ...lostSources(checkpoint, graph), ...lostSinks(checkpoint, graph)]
  const left = lost.filter(({ name }) => !drop.includes(name))
  if (left.length > 0) throw changedTopology(graph.name, left)
  const moved = changes.filter(({ change }) => change === 'renamed' || change === 'changed')
  return {
    renamed: new Map(moved.map(({ name, change, from = name }) => [name, change === 'renamed' ? from : dropped])),
    full: changes.some(({ change }) => change !== 'same' && change !== 'new'),
  }
}

/** No state can have this name. */
const dropped = '\0dropped'

interface Loss {
  readonly name: string
  readonly text: string
}

const lostStates = (changes: readonly StateChange[]): Loss[] =>
  changes.flatMap(({ name, change, differences = [] }) => {
    if (change === 'gone') {
      const text = `state '${name}' is gone: give the step that goes on with it { previousName: '${name}' }, or drop it`
      return [{ name, text }]
    }
    if (change !== 'changed') return []
    const text = `state '${name}' was stored in another shape (${differences.join('; ')}): change it back, or drop what is stored`
    return [{ name, text }]
  })

const lostSources = ({ positions }: Checkpoint, { sources }: Graph): Loss[] =>
  Object.keys(positions)
    .filter((name) => !sources.some((source) => source.name === name))
    .map((name) => ({
      name,
      text: `source '${name}' is gone, and with it how far it was read: give it back its name, or drop it`,
    }))

const lostSinks = ({ handles }: Checkpoint, { sinks }: Graph): Loss[] =>
  [...new Set(handles.map(({ sink }) => sink))]
    .filter((name) => !sinks.some((sink) => sink.name === name))
    .map((name) => {
      const cure = 'run the topology that has it once more and stop it, or drop that output'
      return { name, text: `sink '${name}' is gone, but what it prepared may not be visible yet: ${cure}` }
    })

function changedTopology(job: string, lost: readonly Loss[]): MillraceError {
  const names = lost.map(({ name }) => `'${name}'`).join(', ')
  const text = `job ${job}: its last checkpoint does not fit the topology; to drop what is named, start with drop: [${names}]`
  const context = lost[0] === undefined ? {} : { node: lost[0].name }
  return new MillraceError('CHANGED_TOPOLOGY', `${text}\n${lost.map((loss) => `  - ${loss.text}`).join('\n')}`, context)
}
