import { MillraceError, type StateBlob } from '@millrace/core'

/** State that is not what its pointer says. */
export const damagedState = (
  where: string,
  task: string,
  { id }: StateBlob,
  what: string,
  cause?: unknown,
): MillraceError =>
  new MillraceError(
    'CORRUPT_STATE',
    `${where}: task ${task}: state ${id}: ${what}; restore it from a backup, or rewind the job`,
    { cause },
  )
