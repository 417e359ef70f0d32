// Everything but the tests. Stops at the first step that fails.
import { publishedPackages } from './packages.ts'
import { run } from './run.ts'

const each = (command: string, ...args: string[]): string[][] =>
  publishedPackages().map(({ folder }) => [command, ...args, folder])

const steps: Record<string, string[][]> = {
  format: [['oxfmt', '--check']],
  lint: [['oxlint']],
  build: [['node', 'scripts/build.ts']],
  types: [['tsc', '-p', 'tsconfig.json']],
  snippets: [['node', 'scripts/snippets.ts']],
  knip: [['knip', '--no-config-hints']],
  api: [['node', 'scripts/api.ts']],
  publint: each('publint', '--strict'),
  attw: each('attw', '--profile', 'esm-only', '--quiet', '--pack'),
  'pack:smoke': [['node', 'scripts/pack-smoke.ts']],
}

for (const [name, commands] of Object.entries(steps)) {
  const started = performance.now()
  const failed = commands.find(([command = '', ...args]) => run(command, args) !== 0)
  if (failed) {
    console.error(`\ncheck: ${name} failed (${failed.join(' ')})`)
    process.exit(1)
  }
  console.log(`check: ${name} ok, ${((performance.now() - started) / 1000).toFixed(1)} s`)
}
