import { configDefaults, defineConfig } from 'vitest/config'

const source = '@millrace/source'
// without 'module': packages that have builds for bundlers there do not run in Node
const conditions = [source, 'node', 'development|production']
const integration = '{core,connectors/*,runtime,testkit,bench,examples}/**/*.integration.test.ts'
const unit = ['{core,connectors/*,runtime,testkit,bench}/test/**/*.test.ts', 'examples/*/topology.test.ts']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: [source] } },
  test: {
    execArgv: ['--conditions', source],
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        // One module graph for all files of a worker: ten times as fast, as no module keeps state.
        test: { name: 'unit', include: unit, exclude: [...configDefaults.exclude, integration], isolate: false },
      },
      {
        extends: true,
        test: { name: 'integration', include: [integration], testTimeout: 60_000, hookTimeout: 120_000 },
      },
    ],
  },
})
