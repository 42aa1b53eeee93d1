/**
 * A field whose value no rule of the contract can describe, found while a request
 * is converted. `field` is its path from the request, as in `items[3].time_to_live`.
 */
export class InvalidFieldError extends Error {
  override readonly name = "InvalidFieldError";
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}
