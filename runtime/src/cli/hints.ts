import type { ErrorCode } from '@millrace/core'

const onError =
  "its step says onError: 'fail'; with 'deadLetter' the record is kept and the job goes on. A start reads on from the last checkpoint"

/** What to do about an error of this code, where its message does not say so. */
export const hints: { readonly [C in ErrorCode]: string } = {
  BAD_OPTION: '',
  BAD_TOPOLOGY: '',
  CHANGED_TOPOLOGY:
    'see `millrace validate <topology.ts> --state <path>`; --drop <name> drops what is stored under that name',
  BAD_RECORD: onError,
  BAD_TIME: onError,
  BAD_KEY: onError,
  BAD_VALUE: onError,
  RECORD_TOO_LARGE: onError,
  LATE: onError,
  USER_CODE: `mend the function and start again; ${onError}`,
  LEASE_HELD: 'one process at a time runs a job: stop the other one, or wait until it has ended',
  FENCED: 'nothing is lost: the job goes on in the other process. Find out why two were started',
  LOST_HANDLE: 'somebody removed output before it was made visible; --log-level debug shows more',
  ROLLED_BACK:
    'nothing is lost outside: what was put out stays. Restore a later copy, or begin anew with `millrace rewind`',
  CORRUPT_STATE: 'restore the state file from a backup, or start anew with another --state',
  SOURCE: 'a start reads on from the last checkpoint; --log-level debug shows the cause',
  SINK: 'a start goes on from the last checkpoint; --log-level debug shows the cause',
  BACKPLANE: 'a start goes on from the last checkpoint; --log-level debug shows the cause',
  NO_SPACE: 'free space and start again: it goes on from the last checkpoint',
}
