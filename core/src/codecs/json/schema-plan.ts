import {
  anything,
  isJsonObject,
  ownField,
  type FieldPlan,
  type ObjectPlan,
  type ScalarPlan,
  type ValuePlan,
} from './plan.ts'
import type { StandardSchema } from './standard-schema.ts'

/**
 * The plan of what a Standard Schema takes or gives, read from its JSON Schema; undefined when it offers none, or none
 * that names the fields of an object.
 *
 * The plan only chooses which fields are read and guesses their types, the validator judges: whatever is not understood
 * becomes `any`, and is kept whole.
 */
export function schemaPlan(schema: StandardSchema, side: 'input' | 'output'): ObjectPlan | undefined {
  const root = jsonSchema(schema, side)
  if (root === undefined) return undefined
  const plan = new SchemaReader(root).value(root)
  return plan.kind === 'object' && !plan.nullable ? plan : undefined
}

function jsonSchema({ '~standard': standard }: StandardSchema, side: 'input' | 'output'): unknown {
  // Else Zod refuses a whole schema for one field that JSON Schema cannot describe, such as a Date.
  const libraryOptions = standard.vendor === 'zod' ? { unrepresentable: 'any' } : undefined
  try {
    return standard.jsonSchema?.[side]({ target: 'draft-2020-12', libraryOptions })
  } catch {
    return undefined
  }
}

/** Keywords by which a schema says more of an object or list than its own fields or items. */
const compound = [
  'allOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'prefixItems',
  'contains',
  'unevaluatedItems',
  'patternProperties',
  'propertyNames',
  'minProperties',
  'maxProperties',
  'dependentSchemas',
  'dependentRequired',
  'dependencies',
  'unevaluatedProperties',
  '$dynamicRef',
]

const scalars: Readonly<Record<string, ScalarPlan['kind']>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
}

const withNull = (plan: ValuePlan): ValuePlan => (plan.kind === 'any' ? plan : { ...plan, nullable: true })

class SchemaReader {
  readonly #root: unknown
  /** References being followed: a schema that holds itself is `any` from there on. */
  readonly #following = new Set<string>()

  constructor(root: unknown) {
    this.#root = root
  }

  value(schema: unknown): ValuePlan {
    if (!isJsonObject(schema)) return anything
    const get = (keyword: string): unknown => ownField(schema, keyword)
    if (compound.some((keyword) => get(keyword) !== undefined)) return anything
    if (get('properties') === undefined) {
      if (get('$ref') !== undefined) return this.#reference(get('$ref'))
      if (get('anyOf') !== undefined) return this.#alternatives(get('anyOf'))
    } else if (get('$ref') !== undefined || get('anyOf') !== undefined) return anything
    return this.#typed(get('type') ?? typeOfValues(get('enum') ?? [get('const')]), schema)
  }

  #reference(name: unknown): ValuePlan {
    if (typeof name !== 'string' || !name.startsWith('#/$defs/') || this.#following.has(name)) return anything
    this.#following.add(name)
    const definitions = ownField(this.#root as object, '$defs')
    const plan = isJsonObject(definitions) ? this.value(ownField(definitions, name.slice('#/$defs/'.length))) : anything
    this.#following.delete(name)
    return plan
  }

  /** Something or null is the one union that is more than `any`. */
  #alternatives(schemas: unknown): ValuePlan {
    if (!Array.isArray(schemas)) return anything
    const isNull = (schema: unknown): boolean => isJsonObject(schema) && ownField(schema, 'type') === 'null'
    const others = schemas.filter((schema) => !isNull(schema))
    return others.length === 1 && schemas.length === 2 ? withNull(this.value(others[0])) : anything
  }

  #typed(type: unknown, schema: object): ValuePlan {
    if (Array.isArray(type)) {
      const others = type.filter((each) => each !== 'null')
      if (others.length !== 1) return anything
      const plan = this.#typed(others[0], schema)
      return others.length < type.length ? withNull(plan) : plan
    }
    if (type === 'object') return this.#object(schema)
    if (type === 'array') return { kind: 'array', nullable: false, of: this.value(ownField(schema, 'items')) }
    const kind = typeof type === 'string' && Object.hasOwn(scalars, type) ? scalars[type] : undefined
    return kind === undefined ? anything : { kind, nullable: false }
  }

  #object(schema: object): ValuePlan {
    const properties = ownField(schema, 'properties')
    const rest = ownField(schema, 'additionalProperties')
    if (!isJsonObject(properties) || (rest !== undefined && rest !== false)) return anything
    if (Object.hasOwn(properties, '__proto__')) return anything
    const required = ownField(schema, 'required')
    const isRequired = (name: string): boolean => Array.isArray(required) && required.includes(name)
    const fields = Object.entries(properties).map(([name, value]): FieldPlan => ({
      name,
      value: this.value(value),
      optional: !isRequired(name),
      default: undefined,
    }))
    return { kind: 'object', nullable: false, closed: rest === false, fields }
  }
}

/** JSON Schema's name for the type that all these values have, if they have one. */
function typeOfValues(values: unknown): unknown {
  if (!Array.isArray(values)) return undefined
  const types = new Set(values.map((value) => (value === null ? 'null' : typeof value)))
  return [...types]
}
