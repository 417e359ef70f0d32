import { type ChildProcess, spawn } from 'node:child_process'

// $1 is a folder or empty. What it reads is which process to kill: none after an empty line.
const script = `
while read -r line; do pid=$line; done
[ -z "$pid" ] || kill -KILL "$pid"
[ -z "$1" ] || rm -rf -- "$1"`

/**
 * A process beside ours that outlives it: once our end of its pipe closes, by whatever we die of, it kills the server
 * that is in its care and removes the folder.
 */
export class Guard {
  readonly #process: ChildProcess

  constructor(folder = '') {
    // its own group, so that Ctrl-C does not end the guard as well
    this.#process = spawn('sh', ['-c', script, 'guard', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
  }

  /** Takes this process into its care, instead of the one before. */
  watch(pid: number | undefined): void {
    this.#process.stdin?.write(`${pid ?? ''}\n`)
  }

  /** Lets go of everything. */
  release(): void {
    this.#process.kill('SIGKILL')
  }
}
