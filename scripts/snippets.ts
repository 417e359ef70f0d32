// Compiles every TypeScript snippet of the Markdown in this repository, so that documentation cannot rot. A snippet is a
// module of its own; one that only makes sense in pieces is marked `ts ignore` with a reason beside it.
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.ts'

const folder = join(import.meta.dirname, '..', 'node_modules', '.cache', 'snippets')
const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  encoding: 'utf8',
})
const snippet = /^```ts\n([\s\S]*?)^```$/gm

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
let count = 0
for (const path of documents.split('\n').filter(Boolean)) {
  for (const [, code = ''] of readFileSync(path, 'utf8').matchAll(snippet)) {
    // `export {}` makes a module of it, so that names of one snippet do not meet those of another.
    writeFileSync(join(folder, `${path.replaceAll(/[^\w]+/g, '-')}-${++count}.ts`), `${code}\nexport {}\n`)
  }
}
const options = {
  extends: '../../../tsconfig.base.json',
  compilerOptions: {
    noEmit: true,
    noUnusedLocals: false,
    isolatedDeclarations: false,
    composite: false,
    incremental: false,
    declaration: false,
  },
  include: ['*.ts'],
}
writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options))
const failed = globSync('*.ts', { cwd: folder }).length > 0 && run('tsc', ['-p', folder]) !== 0
console.log(`${count} snippets ${failed ? 'do not all compile' : 'compile'}`)
process.exitCode = failed ? 1 : 0
