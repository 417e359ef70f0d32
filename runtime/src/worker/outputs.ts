import type { DeadLetter, Handle, Json, Prepared, RefusedOutput, SinkNode } from '@millrace/core'
import type { Output } from '@millrace/core/engine'
import { refusedLetter } from './refused-output.ts'
import type { SinkPort } from './sink-port.ts'

/** What all sinks together have prepared for a checkpoint. */
export interface PreparedOutputs {
  readonly handles: readonly Handle[]
  readonly sinks: { readonly [sink: string]: Json }
  /** The least of {@link Prepared.againInMs}; Infinity for never. */
  readonly againInMs: number
}

/** All sinks of a task. */
export class Outputs {
  readonly #ports = new Map<string, SinkPort>()
  #letters: DeadLetter[] = []
  /** Records handed to the sinks. */
  written = 0
  /** Records that a sink could not write. */
  refused = 0

  add(port: SinkPort): void {
    this.#ports.set(port.name, port)
  }

  /** Takes a record that a sink cannot write; throws when that is to fail the job. */
  refuse(node: SinkNode, record: RefusedOutput): void {
    const letter = refusedLetter(node, record)
    if (letter === undefined) return
    this.refused++
    this.#letters.push(letter)
  }

  /** Dead letters of the sinks since the last call. */
  takeLetters(): DeadLetter[] {
    return this.#letters.splice(0)
  }

  /** Writes what waits; the promise, if there is one, is the back-pressure of the slowest sink. */
  drain(outputs: readonly Output[]): Promise<unknown> | undefined {
    let waits: Promise<void>[] | undefined
    for (const output of outputs) {
      const wait = this.#drainOne(output)
      if (wait) (waits ??= []).push(wait)
    }
    return waits && Promise.all(waits)
  }

  async prepare(seq: number, options: { readonly last: boolean }): Promise<PreparedOutputs> {
    const ports = [...this.#ports.values()]
    const prepared = await Promise.all(ports.map((port) => port.prepare(seq, options)))
    const againInMs = Math.min(...prepared.map(({ againInMs: ms = Infinity }) => ms))
    return { handles: prepared.flatMap(({ handles }) => handles), sinks: statesOf(ports, prepared), againInMs }
  }

  /** Resolves when all are visible, but for those of sinks that may lose them. */
  async commit(handles: readonly Handle[], mayLose: readonly string[] = []): Promise<void> {
    const own = (port: SinkPort): Handle[] => handles.filter(({ sink }) => sink === port.name)
    const ports = [...this.#ports.values()]
    await Promise.all(ports.map((port) => port.commit(own(port), mayLose.includes(port.name))))
  }

  async abort(before: number, except: readonly Handle[]): Promise<void> {
    const ports = [...this.#ports.values()]
    await Promise.all(
      ports.map((port) =>
        port.abort(
          before,
          except.filter(({ sink }) => sink === port.name),
        ),
      ),
    )
  }

  async close(): Promise<void> {
    const closed = await Promise.allSettled([...this.#ports.values()].map((port) => port.close()))
    const errors = closed.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown)
    if (errors.length > 0) throw new AggregateError(errors, 'sinks failed to close')
  }

  #drainOne(output: Output): Promise<void> | undefined {
    const port = this.#ports.get(output.sink)
    for (let batch = output.take(); batch; batch = output.take()) {
      this.written += batch.length
      const wait = port?.write(batch)
      if (wait) return wait.then(() => this.#drainOne(output))
    }
    return undefined
  }
}

function statesOf(ports: readonly SinkPort[], prepared: readonly Prepared[]): PreparedOutputs['sinks'] {
  const sinks: { [sink: string]: Json } = {}
  prepared.forEach(({ state }, i) => {
    const name = ports[i]?.name
    if (name !== undefined && state !== undefined) sinks[name] = state
  })
  return sinks
}
