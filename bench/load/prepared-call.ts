import { create, type DescMethodUnary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { callFrames, FRAME_HEADER_BYTES } from "./frames.ts";

/** A call whose bytes are ready but for the number of its stream and the ids that are new in each. */
export type PreparedCall = Readonly<{
  frames: Buffer;
  dataFrameAt: number;
  dataBytes: number;
}>;

export function prepareCall<Method extends DescMethodUnary>(
  method: Method,
  request: MessageInitShape<Method["input"]>,
): PreparedCall {
  const message = toBinary<Method["input"]>(method.input, create<Method["input"]>(method.input, request));
  const frames = callFrames(`/${method.parent.typeName}/${method.name}`, Buffer.from(message));
  const dataFrameAt = FRAME_HEADER_BYTES + frames.readUIntBE(0, 3);
  return { frames, dataFrameAt, dataBytes: frames.readUIntBE(dataFrameAt, 3) };
}

/** Where an id, or what stands for it, lies in the bytes of a call; an id that takes its place is as long. */
export function placeOf({ frames }: PreparedCall, id: string): number {
  const at = frames.indexOf(id, 0, "latin1");
  if (at < 0) throw new Error(`${id} is not in the call`);
  return at;
}
