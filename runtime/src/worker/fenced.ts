import { type Lease, MillraceError } from '@millrace/core'

/** Another tenure owns the task: this one stops and aborts nothing, as what it prepared may be in an accepted record. */
export const fenced = ({ task, epoch }: Lease): MillraceError =>
  new MillraceError(
    'FENCED',
    `task ${task}: another worker has taken it over (this one had epoch ${epoch}); ` +
      'nothing is lost: it goes on from the last checkpoint. See whether this process was paused for longer than its lease',
  )
