import { hashKeyOf } from '@millrace/kinesis'
import { expect, test } from 'vitest'

test.each([
  ['a', 16955237001963240173058271559858726497n],
  ['user-1', 285573413173782752570879317399258818820n],
  ['partition-key-1', 33365116028791453877729010807000998774n],
  ['日本', 103341369634063465466164320543046703539n],
])('%s lands where the service puts it', (key, hash) => {
  expect(hashKeyOf(key)).toBe(hash)
})
