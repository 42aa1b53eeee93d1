/** Where a stream begins, and why there; as the contract's StreamStart. */
export type StreamStart = "FRESH" | "RESUMED" | "OTHER_DATABASE" | "TOKEN_EXPIRED";

type Place = Readonly<{ databaseId: string; after: bigint }>;

type Ground = Readonly<{
  databaseId: string;
  /** The number of the last alert. */
  newest: bigint;
  /** The number of the oldest alert that is kept. */
  oldest: () => Promise<bigint | undefined>;
}>;

/** Whether a stream can go on after an alert: it was of this database, and those after it are still kept. */
export async function startAfter(place: Place | undefined, ground: Ground): Promise<StreamStart> {
  if (place === undefined) return "FRESH";
  const { databaseId, newest } = ground;
  if (place.databaseId !== databaseId || place.after > newest) return "OTHER_DATABASE";
  if (place.after === newest) return "RESUMED";
  const oldest = await ground.oldest();
  return oldest === undefined || oldest > place.after + 1n ? "TOKEN_EXPIRED" : "RESUMED";
}
