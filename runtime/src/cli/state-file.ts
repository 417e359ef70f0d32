import { existsSync, globSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { badOption, type Checkpoint } from '@millrace/core'
import { Database, type Row } from '../backplane/embedded/database.ts'
import { livenessOf, parseOwner } from '../backplane/embedded/owner.ts'

/** Where a job keeps its state when `--state` does not say. */
export const defaultState = (job: string): string => join('.millrace', `${job}.db`)

/** Which state file is meant. */
export interface StateOptions {
  readonly state?: string
  readonly job?: string
}

/**
 * The state file that is there already: the one that is named, else that of the job, else the only one of this folder.
 * Throws BAD_OPTION where there is none.
 */
export function findState({ state, job }: StateOptions, cwd: string): string {
  const path = state ?? (job === undefined ? onlyState(cwd) : defaultState(job))
  if (existsSync(resolve(cwd, path))) return path
  throw badOption(`--state: there is no state file ${path}; \`millrace run\` says in its summary where a job keeps it`)
}

function onlyState(cwd: string): string {
  const found = globSync('.millrace/*.db', { cwd }).toSorted()
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  if (only === undefined) throw badOption('--state: name the state file; there is none in ./.millrace')
  throw badOption(`--state: name one of ${found.map((path) => relative('.', path)).join(', ')}`)
}

/** What {@link StateFile} tells of the process that runs the job. */
export interface Runner {
  readonly pid: number
  readonly host: string
}

/** A state file, to look into while its job runs or rests. */
export class StateFile {
  readonly path: string
  readonly #db: Database

  private constructor(path: string, db: Database) {
    this.path = path
    this.#db = db
  }

  /** Opens the file that {@link findState} finds; refuses one of another job. */
  static open(options: StateOptions, cwd: string): StateFile {
    const path = findState(options, cwd)
    const file = new StateFile(path, Database.open(resolve(cwd, path)))
    const { job } = file
    if (options.job === undefined || job === undefined || job === options.job) return file
    file.close()
    throw badOption(`--job: ${path} belongs to job '${job}'; name the state file of '${options.job}' with --state`)
  }

  /** Name of the job; undefined before its first start. */
  get job(): string | undefined {
    return this.#db.get<{ value: string }>(`SELECT value FROM meta WHERE key = 'job'`)?.value
  }

  /** The checkpoints that are kept, the last one first. */
  checkpoints(): Checkpoint[] {
    const rows = this.#db.all<{ record: string }>('SELECT record FROM checkpoint ORDER BY task, seq DESC')
    return rows.map(({ record }) => JSON.parse(record) as Checkpoint)
  }

  /** The process that runs the job at this moment, as far as can be seen from here. */
  runner(): Runner | undefined {
    const rows = this.#db.all<Row & { owner: string }>('SELECT owner FROM lease WHERE owner IS NOT NULL')
    const owner = rows.map(({ owner: text }) => text).find((text) => livenessOf(text) === 'alive')
    const { pid, host } = (owner === undefined ? undefined : parseOwner(owner)) ?? {}
    return pid === undefined || host === undefined ? undefined : { pid, host: host.split('/')[0] ?? host }
  }

  close(): void {
    this.#db.close()
  }
}
