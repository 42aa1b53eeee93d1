/** A message as gRPC and Connect's streams frame it: not compressed, with its length. */
export function framed(message: Uint8Array): Buffer<ArrayBuffer> {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
