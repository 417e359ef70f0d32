// How fast are the lines of a file handed over? Beside the least that any reader must do, and node:readline. All find the
// line ends of the same 500 MB and look at nothing else; the file is in the page cache.
import { closeSync, createReadStream, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { lines } from '@millrace/core'
import { files } from '@millrace/file'
import { machine, median, printResult } from '../support/machine.ts'

const megabytes = 500
const rounds = 3
const blockBytes = 1024 * 1024
const newline = 10

/** Writes lines of 40 to 160 bytes, the same each time; returns how many. */
function writeFile(path: string): number {
  const text = Array.from({ length: 20_000 }, (_, i) => 'x'.repeat(40 + ((Math.imul(i + 1, 0x9e3779b1) >>> 0) % 121)))
  const block = Buffer.from(`${text.join('\n')}\n`)
  const blocks = Math.ceil((megabytes * 1e6) / block.length)
  const file = openSync(path, 'w')
  for (let i = 0; i < blocks; i++) writeSync(file, block)
  closeSync(file)
  return blocks * text.length
}

async function source(path: string): Promise<number> {
  const context = { clock: { now: () => Date.now() }, signal: new AbortController().signal }
  const log = files({ path, decode: lines() })
  let count = 0
  for await (const { partitions } of log.partitions(context)) {
    for (const partition of partitions) {
      const reader = await log.open(partition, await log.resolve(partition, context), context)
      for (
        let read = await reader.read(context.signal);
        read.type !== 'end';
        read = await reader.read(context.signal)
      ) {
        if (read.type === 'records') count += read.slab?.length ?? 0
      }
      await reader.close()
    }
  }
  return count
}

/** One buffer, one system call after the other, nothing else. */
async function bare(path: string): Promise<number> {
  const file = openSync(path, 'r')
  const buffer = Buffer.allocUnsafe(blockBytes)
  let count = 0
  let kept = 0
  for (;;) {
    const read = readSync(file, buffer, kept, blockBytes - kept, null)
    if (read === 0) break
    const bytes = buffer.subarray(0, kept + read)
    let at = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, at)) {
      count++
      at = end + 1
    }
    kept = bytes.length - at
    buffer.copyWithin(0, at, bytes.length)
  }
  closeSync(file)
  return count
}

async function readline(path: string): Promise<number> {
  let count = 0
  const reader = createInterface({ input: createReadStream(path, { highWaterMark: blockBytes }), crlfDelay: Infinity })
  for await (const _ of reader) count++
  return count
}

const folder = mkdtempSync(join(tmpdir(), 'file-read-'))
try {
  const path = join(folder, 'lines.log')
  const written = writeFile(path)
  const figures: Record<string, number> = {}
  const rates = { source: [] as number[], bare: [] as number[], readline: [] as number[] }
  const readers = Object.entries({ source, bare, readline }) as [keyof typeof rates, typeof source][]
  for (let round = 0; round < rounds; round++) {
    for (const [name, read] of readers) {
      const started = performance.now()
      const count = await read(path)
      rates[name].push(written / (performance.now() - started) / 1_000)
      if (count !== written) throw new Error(`${name} found ${count} of ${written} lines`)
    }
  }
  console.log(`${machine()}; ${megabytes} MB, ${written} lines, median of ${rounds}`)
  for (const [name] of readers) {
    figures[name] = median(rates[name])
    const mbPerSecond = (figures[name] * 1e6 * megabytes) / written
    console.log(
      `${name.padEnd(9)} ${figures[name].toFixed(2).padStart(6)} M lines/s ${mbPerSecond.toFixed(0).padStart(6)} MB/s`,
    )
  }
  printResult('file-read', figures)
} finally {
  rmSync(folder, { recursive: true })
}
