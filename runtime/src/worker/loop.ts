import type { DeadLetter, Records } from '@millrace/core'
import type { Engine } from '@millrace/core/engine'
import type { Absorbed, StageThreads } from '../threads/stage-threads.ts'
import type { World } from '../world.ts'
import type { Checkpointer, CheckpointRequest } from './checkpointer.ts'
import { CheckpointSchedule } from './checkpoint-schedule.ts'
import type { Compactor } from './compaction.ts'
import type { Arrival, Inputs } from './inputs.ts'
import type { Ending } from './lifecycle.ts'
import type { Outputs } from './outputs.ts'
import { feed, type Redrive, redrivePartitions } from './redrive.ts'
import { bytesOf, rowsOf } from './rows-of.ts'
import type { PartitionInput } from './source-input.ts'
import type { TaskLink } from './task-link.ts'
import type { Wake } from './wake.ts'

/** Heartbeats and signals are starved by a loop that works longer than this without a break. */
const turnMs = 5
/** How soon stages without room are asked again. */
const roomEveryMs = 20

/** All that the {@link Loop} works with. */
export interface LoopOptions {
  readonly engine: Engine
  readonly inputs: Inputs
  readonly outputs: Outputs
  readonly checkpointer: Checkpointer
  readonly compactor: Compactor
  readonly redrive: Redrive
  /** Of one task among many. */
  readonly link: TaskLink | undefined
  /** Read and process partitions of some sources, for a task that runs a whole topology. */
  readonly threads: StageThreads | undefined
  readonly checkpointEveryMs: number
  /** The last checkpoint says that the input was final and all done. */
  readonly wasFinished: boolean
  readonly world: World
  readonly wake: Wake
  /** Throws what has gone wrong elsewhere. */
  readonly check: () => void
  readonly isStopping: () => boolean
  /** It stops because a source cannot be read any more. */
  readonly isUnreadable: () => boolean
  readonly ending: (ending: Ending) => void
}

/**
 * The one place where a task does its work: takes what readers have ready, in turn, through the engine to the sinks, and
 * takes checkpoints in between. Whatever else goes on is only told to it between batches.
 */
export class Loop {
  readonly #options: LoopOptions
  readonly #letters: DeadLetter[] = []
  readonly #redriven: number[] = []
  readonly #schedule: CheckpointSchedule
  /** Stages that it sends to have no room: the checkpoint that is due waits. */
  #isHeld = false
  #turnAt: number
  /** When the newest record that was taken had arrived at its source, in ms since 1970. */
  arrival: number | undefined
  /** How many records waited behind the last ones that were taken, as far as the source knows. */
  backlog = 0

  constructor(options: LoopOptions) {
    this.#options = options
    this.#schedule = new CheckpointSchedule(options.checkpointEveryMs, options.world)
    this.#turnAt = options.world.elapsed()
  }

  /** Works until the input is final and done, or the worker is to stop; then ends with a last checkpoint. */
  async run(): Promise<Ending> {
    const { inputs, wake, world, isStopping } = this.#options
    for (;;) {
      this.#options.check()
      if (isStopping()) return this.#end('stopped')
      const worked = await this.#work()
      if (!worked && inputs.isDone && !(await this.#hasLetters())) return this.#end('finished')
      await this.#checkpointIfDue()
      if (worked) await this.#giveWay()
      else await this.#wait(wake, world)
    }
  }

  /** Of one task among many, letters are a task of their own. */
  async #hasLetters(): Promise<boolean> {
    return this.#options.link === undefined && this.#options.redrive.look()
  }

  async #work(): Promise<boolean> {
    const { inputs, redrive, engine, world, threads } = this.#options
    const absorbed = threads?.absorb()
    if (absorbed) this.#absorb(absorbed)
    const applied = inputs.apply()
    const arrival = this.#options.link?.isFull ? undefined : inputs.next()
    if (arrival) await this.#take(arrival)
    const letters = redrive.isWaiting
    if (letters) await this.#redrive()
    const ticked = engine.nextTick() <= world.clock.now()
    if (ticked) await this.#tick()
    if (!absorbed && !applied && !arrival && !letters && !ticked) return false
    await this.#advance()
    return true
  }

  async #tick(): Promise<void> {
    this.#touch()
    await this.#until((now) => this.#options.engine.tick(now))
  }

  async #take(arrival: Arrival): Promise<void> {
    const { from, read } = arrival
    if (read.type === 'idle') return this.#idle(from, read.position)
    const isNews = read.type === 'end' || read.position !== from.position || this.#options.link?.sends !== false
    if (isNews) this.#touch()
    notIdle(from)
    if (read.type === 'end') return this.#options.inputs.end(arrival)
    await this.#process(from, read)
    from.position = read.position
  }

  /** What threads have made is in the engine; now their partitions stand behind it. */
  #absorb({ moves, bytes, arrival, backlog }: Absorbed): void {
    for (const { from, position, isIdle, end } of moves) {
      if (isIdle) {
        this.#idle(from, position)
        continue
      }
      this.#touch()
      notIdle(from)
      from.position = position
      if (end) this.#options.inputs.end({ from, read: { type: 'end', children: end } })
    }
    this.#took(bytes, arrival, backlog)
  }

  #took(bytes: number, arrival: number | undefined, backlog: number): void {
    this.#schedule.took(bytes)
    this.backlog = backlog
    if (arrival !== undefined) this.arrival = Math.max(this.arrival ?? 0, arrival)
  }

  async #process(from: PartitionInput, records: Records<unknown>): Promise<void> {
    const { engine } = this.#options
    const rows = rowsOf(records)
    let row = 0
    do {
      row = engine.process(from.input, records, row)
      await this.#advance()
      await this.#giveWay()
      this.#options.check()
    } while (row < rows)
    this.#took(bytesOf(records), records.arrival, records.backlog ?? 0)
  }

  /** Only reads that succeeded and found nothing, for as long as the source allows, make a partition idle. */
  #idle(from: PartitionInput, position: string): void {
    const { engine, world } = this.#options
    const { idleAfterMs = Infinity } = from.owner.node
    if (from.position !== position) this.#touch()
    from.position = position
    from.idleSince ??= world.elapsed()
    if (from.idle || world.elapsed() - from.idleSince < idleAfterMs) return
    from.idle = true
    engine.setIdle(from.input, true)
    if (this.#options.link) this.#touch()
  }

  async #redrive(): Promise<void> {
    const { redrive, inputs, engine } = this.#options
    const letters = redrive.take()
    const sources = inputs.sources.map(({ name, source }) => ({ name, hasCodec: source.codec !== undefined }))
    const { partitions, homeless } = redrivePartitions(letters, sources)
    for (const partition of partitions) await feed(engine, partition, () => this.#advance())
    this.#keep(homeless)
    this.#redriven.push(...letters.map(({ id }) => id))
    this.#touch()
  }

  /** Fires what the watermark allows and writes it; waits as long as a sink asks. */
  async #advance(): Promise<void> {
    const { engine, link } = this.#options
    await this.#until(() => engine.advance())
    this.#keep(engine.takeDeadLetters())
    if (link) this.#keep(link.takeLetters())
  }

  async #until(isDone: (now: number) => boolean): Promise<void> {
    const { engine, outputs, world, link } = this.#options
    const { written } = outputs
    for (let done = false; !done;) {
      done = isDone(world.clock.now())
      link?.drain()
      const backPressure = outputs.drain(engine.outputs)
      if (backPressure) await backPressure
    }
    if (outputs.written !== written) this.#touch()
  }

  #keep(letters: readonly DeadLetter[]): void {
    for (const letter of letters) {
      this.#letters.push(letter)
      this.#schedule.kept(letter.bytes.length)
    }
  }

  #touch(): void {
    this.#schedule.touch()
  }

  /** How long until the next checkpoint, if one is wanted; not positive when it is due. */
  #untilCheckpoint(): number {
    const { inputs, link } = this.#options
    const isEager = this.#redriven.length > 0 || inputs.isEager || link?.isFull === true
    return isEager ? 0 : this.#schedule.dueInMs
  }

  async #checkpointIfDue(): Promise<void> {
    this.#isHeld = this.#untilCheckpoint() <= 0 && (await this.#options.link?.hasRoom()) === false
    if (this.#isHeld || this.#untilCheckpoint() > 0) return
    await this.#checkpoint({ last: false, finished: false })
    this.#options.compactor.consider()
  }

  async #checkpoint(options: Pick<CheckpointRequest, 'last' | 'finished'>): Promise<void> {
    const { checkpointer, inputs, redrive, link } = this.#options
    if (options.finished) this.#redriven.push(...(link?.redriven ?? []))
    const [deadLetters, redriven] = [this.#letters.splice(0), this.#redriven.splice(0)]
    const exchange = link?.write(inputs)
    const positions = inputs.positions()
    // of one task among many, all that it reads was given a position before
    const beginnings = link ? undefined : inputs.beginnings()
    // stopped between the end of its partition and its own: nobody reads that end again
    const children = inputs.live === 0 ? link?.end.children : undefined
    const againInMs = await checkpointer.take({
      ...options,
      positions,
      beginnings,
      deadLetters,
      redriven,
      exchange,
      children,
    })
    this.#schedule.taken(againInMs)
    inputs.stored()
    redrive.stored()
  }

  async #end(ending: 'finished' | 'stopped'): Promise<Ending> {
    const { checkpointer, wasFinished, isUnreadable, link } = this.#options
    const { isUnchanged } = this.#schedule
    const ended = ending === 'finished' ? link?.end : undefined
    if (isUnreadable() && isUnchanged) return this.#tell(ending)
    if (wasFinished && isUnchanged) {
      if (ended) await checkpointer.seal(ended)
      return this.#tell(ending === 'finished' ? 'nothing new' : ending)
    }
    this.#tell(ending)
    await this.#checkpoint({ last: true, finished: ending === 'finished' })
    await checkpointer.seal(ended)
    return ending
  }

  #tell(ending: Ending): Ending {
    this.#options.ending(ending)
    return ending
  }

  async #giveWay(): Promise<void> {
    const { world } = this.#options
    if (world.elapsed() - this.#turnAt < turnMs) return
    await world.giveWay()
    this.#turnAt = world.elapsed()
  }

  async #wait(wake: Wake, world: World): Promise<void> {
    const untilTick = this.#options.engine.nextTick() - world.clock.now()
    const untilCheckpoint = this.#isHeld ? roomEveryMs : this.#untilCheckpoint()
    await wake.wait(Math.min(untilTick, untilCheckpoint), world)
    this.#turnAt = world.elapsed()
  }
}

function notIdle(from: PartitionInput): void {
  from.idleSince = undefined
  from.idle = false
}
