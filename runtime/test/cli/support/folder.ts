import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** Ignored by git, and below the `node_modules` of the workspace, so that files in it may import the packages. */
const out = fileURLToPath(new URL('../../../../out/cli-test/', import.meta.url))

/** A fresh folder with these files, until the test ends. */
export function folder(files: { readonly [path: string]: string } = {}): string {
  mkdirSync(out, { recursive: true })
  const made = mkdtempSync(join(out, 'case-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  for (const [path, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files }))
    writeFileSync(join(made, path), text)
  return made
}
