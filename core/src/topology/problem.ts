declare const why: unique symbol

/**
 * A type nothing can be assigned to, whose name is the message: the compiler prints it where a method or a name is out
 * of place.
 */
export interface Problem<Message extends string> {
  readonly [why]: Message
}
