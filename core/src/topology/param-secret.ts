import { badOption, MillraceError } from '../errors.ts'
import { Secret, type Field } from '../fields.ts'
import type { ParamInputs } from './params.ts'

/** True for a parameter whose value must never be shown. */
export const isSecret = (field: Field<unknown>): boolean =>
  field.kind === 'secret' || (field.kind === 'optional' && field.of?.kind === 'secret')

/**
 * The secret that `env:NAME` or `file:PATH` points to, looked up once to see that it is there. What was given never
 * appears in an error: it may be the secret itself, by mistake.
 */
export function secretFrom(
  name: string,
  given: unknown,
  env: ParamInputs['env'] = {},
  readFile: ParamInputs['readFile'],
): Secret {
  if (given instanceof Secret) return given
  const [, kind, place = ''] = /^(env|file):(.+)$/s.exec(String(given)) ?? []
  if (kind === undefined) throw badOption(`${name}: is a secret; give env:NAME or file:PATH, never the secret itself`)
  const read = kind === 'env' ? () => env[place] : () => readFile?.(place).replace(/\r?\n$/, '')
  const secret = new Secret(() => revealed(name, `${kind}:${place}`, read))
  secret.reveal()
  return secret
}

function revealed(name: string, place: string, read: () => string | undefined): string {
  try {
    const text = read()
    if (text !== undefined && text !== '') return text
  } catch (cause) {
    throw new MillraceError('BAD_OPTION', `${name}: the secret at ${place} cannot be read`, { cause })
  }
  throw badOption(`${name}: there is no secret at ${place}`)
}

/** Stands for a secret where none is needed. */
export const closedSecret = (name: string): Secret =>
  new Secret(() => {
    throw badOption(`${name}: a topology that is only described has no secrets`)
  })
