import t from './_readme.ts'
import { run } from '@millrace/runtime'
const r = await run(t, { state: '/tmp/trial/e2e/state.db' } as any)
console.log('done', JSON.stringify(r))
