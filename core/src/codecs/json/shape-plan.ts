import { badOption } from '../../errors.ts'
import { checkFieldName, type Field, type Shape } from '../../fields.ts'
import type { FieldPlan, ObjectPlan, ValuePlan } from './plan.ts'

/** The plan of the fields that a user declared; refuses what JSON cannot carry. */
export const shapePlan = (shape: Shape): ObjectPlan => objectPlan(shape, '', false)

function objectPlan(shape: Shape, path: string, nullable: boolean): ObjectPlan {
  const fields = Object.entries(shape).map(([name, field]) => fieldPlan(name, field, path))
  return { kind: 'object', nullable, closed: false, fields }
}

function fieldPlan(name: string, field: Field<unknown>, parent: string): FieldPlan {
  checkFieldName(name, parent === '' ? 'json()' : `json(): ${parent}`)
  const path = parent === '' ? name : `${parent}.${name}`
  const { inner, optional, nullable } = unwrap(field, path)
  return {
    name,
    value: valuePlan(inner, path, nullable),
    optional: optional || inner.default !== undefined,
    default: inner.default,
  }
}

interface Unwrapped {
  readonly inner: Field<unknown>
  readonly optional: boolean
  readonly nullable: boolean
}

function unwrap(field: Field<unknown>, path: string): Unwrapped {
  let inner = field
  let optional = false
  let nullable = false
  while (inner.kind === 'optional' || inner.kind === 'nullable') {
    if (inner.kind === 'optional') optional = true
    else nullable = true
    inner = inside(inner, path)
  }
  return { inner, optional, nullable }
}

function inside(field: Field<unknown>, path: string): Field<unknown> {
  if (field.of !== undefined) return field.of
  throw badOption(`json(): ${path}: ${field.kind}() says nothing of what is inside`)
}

function valuePlan(field: Field<unknown>, path: string, nullable: boolean): ValuePlan {
  switch (field.kind) {
    case 'string':
    case 'number':
    case 'int':
    case 'boolean':
      return { kind: field.kind, nullable }
    case 'array':
      return { kind: 'array', nullable, of: itemPlan(inside(field, path), `${path}[]`) }
    case 'object':
      return objectPlan(field.shape ?? {}, path, nullable)
    default:
      throw badOption(`json(): ${path}: ${field.kind}() is no part of a record`)
  }
}

function itemPlan(field: Field<unknown>, path: string): ValuePlan {
  const { inner, optional, nullable } = unwrap(field, path)
  if (optional)
    throw badOption(`json(): ${path}: an item of a list cannot be absent; write nullable() or filter it out`)
  return valuePlan(inner, path, nullable)
}
