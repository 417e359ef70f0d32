import type { Backplane, Checkpoint } from '@millrace/core'
import { resolve } from 'node:path'
import { embeddedBackplane } from '../../backplane/embedded/embedded-backplane.ts'
import { StateFile, type StateOptions } from '../state-file.ts'
import type { JobState, Runner } from './job-state.ts'

/** What a job has stored in a state file. */
export class FileState implements JobState {
  readonly where: string
  readonly letters: Backplane
  /** All of the job is one task. */
  readonly exchanges: ReadonlySet<string> = new Set()
  readonly #file: StateFile

  /** Throws BAD_OPTION where there is none. */
  constructor(options: StateOptions, cwd: string) {
    this.#file = StateFile.open(options, cwd)
    this.where = this.#file.path
    this.letters = embeddedBackplane({ path: resolve(cwd, this.where) })
  }

  get job(): string | undefined {
    return this.#file.job
  }

  get options(): string {
    return `--state ${this.where}`
  }

  async checkpoints(): Promise<Checkpoint[]> {
    return this.#file.checkpoints()
  }

  async runners(): Promise<Runner[]> {
    const runner = this.#file.runner()
    return runner === undefined ? [] : [{ name: `process ${runner.pid}`, pid: runner.pid }]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file.close()
    await this.letters.close()
  }
}
