/** RESOURCE_EXHAUSTED: the server has too much to do. */
export const STATUS_OVERLOADED = 8;

/** The name `grpc-status` in HPACK's Huffman code (RFC 7541, appendix B), which Node's HTTP/2 writes it in. */
const NAME = Buffer.from("9acac8b21234da8f", "hex");
const DIGIT_ZERO = 0x30;

/**
 * The status in a block of headers, where it is one digit or two and the block was written without a dynamic table.
 * Undefined if it is not in there: headers that come before a message have none.
 */
export function statusIn(block: Buffer): number | undefined {
  const at = block.indexOf(NAME);
  if (at < 0) return undefined;
  const length = block[at + NAME.length] ?? 0;
  const digits = block.subarray(at + NAME.length + 1, at + NAME.length + 1 + length);
  return digits.reduce((value, digit) => value * 10 + digit - DIGIT_ZERO, 0);
}
