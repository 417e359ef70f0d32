/** A program that can be started. */
export interface Program {
  readonly command: string
  /** What its environment holds beside ours. */
  readonly env: NodeJS.ProcessEnv
}

/** Where a program is found, and how it is fetched when the machine has none. */
export interface Recipe {
  /** Its name on PATH. */
  readonly name: string
  /** Variable of the environment that holds a path to it. @default none */
  readonly variable?: string
  /** Folder of its copy below `.services/`; another version is another folder. */
  readonly folder: string
  /** The programs that fetch it: package clients that a machine has or has not. */
  readonly clients: readonly string[]
  /** Fills a folder with a copy; throws when that fails. */
  fetch(into: string, env: NodeJS.ProcessEnv): void
  /** The program in a filled folder. */
  programIn(folder: string): Program
}
