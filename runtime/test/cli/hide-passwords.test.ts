import { expect, test } from 'vitest'
import { hideCommandLine, hidePasswords, withoutPasswords } from '../../src/cli/hide-passwords.ts'
import { Redactor } from '../../src/cli/redactor.ts'

test.for([
  ['redis://user:hunter2@host/1', 'redis://user:[secret]@host/1'],
  ['--state=rediss+sentinel://:hunter2@a,b/primary', '--state=rediss+sentinel://:[secret]@a,b/primary'],
  ['redis://a:b@c@host', 'redis://a:[secret]@host'],
  ['redis://token@host', 'redis://[secret]@host'],
  ['redis://host:6379', 'redis://host:6379'],
  ['https://user:hunter2@host', 'https://user:hunter2@host'],
] as const)('%s is shown as %s', ([arg, shown]) => {
  expect(withoutPasswords(['run', arg])).toEqual(['run', shown])
})

test('what is a password is not printed, as it is written and as it is meant', () => {
  const redactor = new Redactor()
  hidePasswords(['status', '--state', 'redis://u:p%2Fss%2fword@host'], {
    env: { MILLRACE_REDIS_PASSWORD: 'hunter2' },
    redactor,
  })
  expect(redactor.clean('p%2Fss%2fword, p/ss/word, p%2Fss%2Fword, hunter2')).toBe(
    '[secret], [secret], [secret], [secret]',
  )
})

test('takes a password out of the command line of the process, and leaves others as they are', () => {
  const process = { title: 'node' }
  hideCommandLine(['run', 't.ts', '--state', 'redis://host'], process)
  expect(process.title).toBe('node')
  hideCommandLine(['run', 't.ts', '--state', 'redis://u:hunter2@host'], process)
  expect(process.title).toBe('millrace run t.ts --state redis://u:[secret]@host')
})
