/** DRAINING: the server stops. STALLED: the reader took nothing for too long. */
export type EndReason = "DRAINING" | "STALLED";

/** Why a stream ends before its reader leaves, and where to go on. */
export class StreamEnd extends Error {
  override readonly name = "StreamEnd";
  readonly reason: EndReason;
  /** Empty where nothing was told yet. */
  readonly resumeToken: string;

  constructor(reason: EndReason, resumeToken = "") {
    super(`the stream ends: ${reason}`);
    this.reason = reason;
    this.resumeToken = resumeToken;
  }

  /** The same end, with where its stream was. */
  at(resumeToken: string): StreamEnd {
    return new StreamEnd(this.reason, resumeToken);
  }
}

/** The organization that is to be watched is not open yet. */
export class NotOpenError extends Error {
  override readonly name = "NotOpenError";
  readonly organizationId: string;

  constructor(organizationId: string) {
    super(`organization ${organizationId} is not open`);
    this.organizationId = organizationId;
  }
}
