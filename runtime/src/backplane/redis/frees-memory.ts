import type { WriteRequest } from './scripts.ts'

/**
 * Whether a checkpoint makes room, or at least takes none: it must be possible where memory is full, or that would stay so.
 */
export const freesMemory = ({ staged, contents, consumed }: WriteRequest): boolean =>
  staged === 0 && contents.every(({ type }) => type === 'letter') && (consumed !== undefined || contents.length === 0)
