// A job of its own over part of the files, for comparison: node half.ts <in> <out>
import { run } from '@millrace/runtime'
import pageCounts from './topology.ts'

const [input = '', out = ''] = process.argv.slice(2)
process.send?.('ready')
process.once('message', () => {
  void run(pageCounts, { set: { in: input, out }, state: `${out}/state.db` }).then(() => process.disconnect())
})
