import type { Checkpoint, CheckpointWrite, ClaimedTask, ClusterBackplane, JobShape, Lease } from '@millrace/core'

const leaseMs = 10_000

/** One source before one partition of an exchange. */
export const shape: JobShape = {
  sources: [{ name: 'clicks', sends: ['counts'] }],
  exchanges: [{ name: 'counts', partitions: 1, sends: [] }],
}

/** Opens the job and takes its task of the exchange. */
export async function takeTask(backplane: ClusterBackplane, worker = 'a'): Promise<Lease> {
  await backplane.open(shape)
  await beat(backplane, worker)
  const [claimed] = await backplane.claim({ worker, most: 1, leaseMs })
  if (claimed === undefined) throw new Error('nothing to claim')
  return claimed.lease
}

export const beat = (
  backplane: ClusterBackplane,
  worker = 'a',
  leases: readonly Lease[] = [],
): ReturnType<ClusterBackplane['heartbeat']> =>
  backplane.heartbeat({
    worker,
    leases,
    leaseMs,
    load: { tasks: leases.length, recordsPerSecond: 0, backlog: 0 },
    isDraining: false,
  })

/** A checkpoint with what a test cares about. */
export const writeOf = (lease: Lease, seq: number, more: Partial<CheckpointWrite> = {}): CheckpointWrite => ({
  checkpoint: checkpointOf(lease, seq),
  deadLetters: [],
  redriven: [],
  ...more,
})

export const checkpointOf = (lease: Lease, seq: number): Checkpoint => ({
  task: lease.task,
  seq,
  tenure: { run: lease.run, epoch: lease.epoch, nonce: lease.nonce },
  takenAt: 1,
  topology: {},
  positions: {},
  engine: null,
  state: [],
  handles: [],
  sinks: {},
  finished: false,
})

/** A checkpoint that sends so many bytes to the exchange. */
export const sending = (lease: Lease, seq: number, bytes: number): CheckpointWrite =>
  writeOf(lease, seq, {
    exchange: {
      frames: [{ exchange: 'counts', partition: 0, bytes: new Uint8Array(bytes) }],
      staged: 0,
      sends: ['counts'],
      watermark: seq,
      idle: false,
    },
  })

/** Asks for an exchange task again until there is one. */
export async function takeAgain(backplane: ClusterBackplane, worker = 'a'): Promise<ClaimedTask | undefined> {
  const [claimed] = await backplane.claim({ worker, most: 1, leaseMs })
  return claimed
}
