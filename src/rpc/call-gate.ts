import type { DescMessage, DescMethod } from "@bufbuild/protobuf";

/**
 * Of the calls that come while a lane is full, one in so many is let through: it may be for another lane, or of an
 * organization that has few waiting, and only the lane can tell.
 */
const PASSED_SHARE = 8;

/**
 * Refuses calls before they are read, while a lane is full whose queue stands. Refusing there costs 20 us of CPU, after
 * a call was read and checked several times as much, and what is saved goes to the calls that are taken.
 */
export class CallGate {
  readonly #isFull: () => boolean;
  #met = 0;

  constructor(isFull: () => boolean) {
    this.#isFull = isFull;
  }

  /** Whether a call that changes something is refused now. */
  refuses(): boolean {
    if (!this.#isFull()) return false;
    this.#met += 1;
    return this.#met % PASSED_SHARE !== 0;
  }
}

/** Whether calls of a method go through a lane and can be refused for that: they change something of an organization. */
export function isMutation({ input }: DescMethod): boolean {
  return hasRequestId(input) || input.fields.some(({ message }) => message?.fields.some(isRequest));
}

function isRequest({ message }: DescMessage["fields"][number]): boolean {
  return message !== undefined && hasRequestId(message);
}

function hasRequestId({ field }: DescMessage): boolean {
  return field.requestId !== undefined && field.organizationId !== undefined;
}
