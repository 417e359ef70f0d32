import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Worker processes; one that is killed is replaced. */
export class Crew {
  readonly #args: readonly string[]
  readonly #members: ChildProcess[] = []
  #names = 0
  /** Of workers that ended though nobody has killed them. */
  readonly failures: string[] = []

  constructor(count: number, ...args: readonly string[]) {
    this.#args = args
    for (let i = 0; i < count; i++) this.#join()
  }

  /** kill -9, and another one comes. */
  async kill(chosen: number): Promise<void> {
    const [member] = this.#members.splice(chosen % this.#members.length, 1)
    member?.removeAllListeners('exit')
    member?.kill('SIGKILL')
    if (member) await once(member, 'exit')
    this.#join()
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#members.splice(0).map(async (member) => {
        member.removeAllListeners('exit')
        if (member.exitCode !== null) return
        member.kill('SIGTERM')
        await once(member, 'exit')
      }),
    )
  }

  #join(): void {
    const name = `w${this.#names++}`
    const child = fork(join(import.meta.dirname, 'worker-main.ts'), [name, ...this.#args], {
      execArgv: process.execArgv,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)))
    child.on('exit', (code) => this.failures.push(`${name} ended with ${code}: ${said}`))
    this.#members.push(child)
  }
}
