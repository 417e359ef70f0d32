import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Whether this machine lets us mount a file system: a container without rights does not. */
export function mayMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'millrace-mount-'))
  try {
    mount(path, 1)
    unmount(path)
    return true
  } catch {
    return false
  } finally {
    rmdirSync(path)
  }
}

/** A disk of so many KiB at a path, until the test ends. */
export function smallDisk(path: string, kib: number): Disk {
  mkdirSync(path, { recursive: true })
  mount(path, kib)
  onTestFinished(() => unmount(path))
  return new Disk(path)
}

/** A disk on which something takes up room. */
class Disk {
  readonly path: string
  readonly #ballast: string

  constructor(path: string) {
    this.path = path
    this.#ballast = join(path, 'ballast')
  }

  /** Takes up all room but this much. */
  fill(leaveKib: number): void {
    const free = Number(execFileSync('df', ['--output=avail', '--block-size=1K', this.path]).toString().split('\n')[1])
    writeFileSync(this.#ballast, Buffer.alloc((free - leaveKib) * 1024))
  }

  makeRoom(): void {
    rmSync(this.#ballast)
  }
}

const mount = (path: string, kib: number): void =>
  void execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', path], { stdio: 'ignore' })

const unmount = (path: string): void => void execFileSync('umount', ['--lazy', path], { stdio: 'ignore' })
