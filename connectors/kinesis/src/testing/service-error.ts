/** An error that the service answers. */
export class ServiceError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status: number = code.startsWith('InternalFailure') ? 500 : 400) {
    super(message)
    this.name = code
    this.code = code
    this.status = status
  }
}

/** A parameter that the model of the API does not allow. */
export const invalid = (what: string): ServiceError =>
  new ServiceError('ValidationException', `1 validation error detected: ${what}`)

/** A parameter that the model allows and the service does not. */
export const badArgument = (message: string): ServiceError => new ServiceError('InvalidArgumentException', message)

/** What is named does not exist. */
export const notFound = (message: string): ServiceError => new ServiceError('ResourceNotFoundException', message)
