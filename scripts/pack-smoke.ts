// What a user gets: the packed packages, installed into an empty folder, run the README's first example.
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publishedPackages, root } from './packages.ts'
import { mustRun } from './run.ts'

const packages = publishedPackages()
const folder = mkdtempSync(join(tmpdir(), 'millrace-smoke-'))

try {
  build()
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'smoke', private: true, type: 'module' }))
  writeFileSync(join(folder, 'example.ts'), example(readFileSync(join(root, 'README.md'), 'utf8')))
  install()
  checkTypes()
  mustRun('node', ['example.ts'], { cwd: folder })
  if (existsSync(join(root, 'runtime/dist/cli/main.js')))
    mustRun(join(folder, 'node_modules/.bin/millrace'), ['--help'], { cwd: folder, quiet: true })
} catch (error) {
  console.error(`pack:smoke: ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function build(): void {
  if (packages.some((each) => !existsSync(join(each.folder, 'dist')))) mustRun('node', ['scripts/build.ts'])
}

function example(readme: string): string {
  const code = /<!-- run -->\s*```ts\n(.*?)```/s.exec(readme)?.[1]
  if (code === undefined) throw new Error('README.md has no ```ts block after <!-- run -->')
  return code
}

function install(): void {
  const workspaces = packages.map(({ name }) => `--workspace=${name}`)
  mustRun('npm', ['pack', '--pack-destination', folder, ...workspaces], { quiet: true })
  const tarballs = globSync('*.tgz', { cwd: folder }).map((name) => `./${name}`)
  mustRun('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs], { cwd: folder, quiet: true })
}

/** With the libraries checked too: a declaration must not need a package that its own does not depend on. */
function checkTypes(): void {
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node']
  const types = ['--typeRoots', join(root, 'node_modules/@types')]
  mustRun('tsc', [...options, ...types, 'example.ts'], { cwd: folder })
}
