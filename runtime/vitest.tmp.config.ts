import { defineConfig } from 'vitest/config'
export default defineConfig({
  resolve: { alias: [{ find: /^@millrace\/core$/, replacement: '/tmp/rt/core.ts' }, { find: /^@millrace\/core\/testing$/, replacement: '/tmp/rt/testing.ts' }] },
  test: { include: ['test/**/*.test.ts'] },
})
