// Runs the benchmarks named as arguments, one after the other; names them when there is none.
import { globSync } from 'node:fs'
import { dirname } from 'node:path'

const known = globSync('*/main.ts', { cwd: import.meta.dirname })
  .map(dirname)
  .toSorted()
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !known.includes(name))

if (asked.length === 0 || unknown.length > 0) {
  for (const name of unknown) console.error(`There is no benchmark ${name}.`)
  console.log(`npm run bench -- <name>…, of: ${known.join(', ') || '(none yet)'}`)
  process.exitCode = unknown.length > 0 ? 1 : 0
} else {
  for (const name of asked) await import(`./${name}/main.ts`)
}
