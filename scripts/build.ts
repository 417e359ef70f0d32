// dist of every published package, from nothing: tsc alone leaves the output of deleted files behind.
import { cpSync, globSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { publishedPackages, root } from './packages.ts'
import { run } from './run.ts'

const packages = publishedPackages()

for (const { folder } of packages) {
  rmSync(join(folder, 'dist'), { recursive: true, force: true })
  rmSync(join(folder, 'build.tsbuildinfo'), { force: true })
}

process.exitCode = run('tsc', ['-b', 'tsconfig.build.json'])

for (const { folder } of packages) {
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
  copyAssets(join(folder, 'src'), join(folder, 'dist'))
}

function copyAssets(from: string, to: string): void {
  const assets = globSync('**/*', { cwd: from }).filter((path) => !path.endsWith('.ts'))
  for (const path of assets.filter((asset) => statSync(join(from, asset)).isFile())) {
    mkdirSync(dirname(join(to, path)), { recursive: true })
    cpSync(join(from, path), join(to, path))
  }
}
