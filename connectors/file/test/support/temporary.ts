import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { ZstdFrames } from '../../src/reading/zstd-frames.ts'

/** A folder of its own, removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-file-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Lines of all files that a tool would see in a folder: those that are not hidden. */
export async function visibleLines(folder: string): Promise<string[]> {
  const lines: string[] = []
  for (const path of await visibleFiles(folder)) {
    const bytes = await readFile(join(folder, path))
    lines.push(...decompressed(path, bytes).toString().split('\n').slice(0, -1))
  }
  return lines
}

function decompressed(path: string, bytes: Buffer): Buffer {
  if (path.endsWith('.gz')) return gunzipSync(bytes)
  return path.endsWith('.zst') ? Buffer.concat(frames(bytes).map((frame) => zstdDecompressSync(frame))) : bytes
}

/** node:zlib reads the first frame only. */
function frames(bytes: Buffer): Buffer[] {
  const walker = new ZstdFrames()
  const found: Buffer[] = []
  for (let at = 0, end = 0; at < bytes.length; at = end) {
    end = walker.walk(bytes, at)
    found.push(bytes.subarray(at, end))
  }
  return found
}

/** Paths of all files in a folder that are not hidden. */
export async function visibleFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.split('/').some((name) => name.startsWith('.')))
    .sort()
}
