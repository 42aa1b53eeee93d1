import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const DRAFT_PREFIX = "draft-";

/** What is made in a draft takes seconds; one that is this old belongs to nobody any more. */
const ABANDONED_AGE_MS = 600_000;

/** A folder whose content is renamed to its real name once it is whole, so that nothing half-made has that name. */
export async function makeDraftFolder(dataDirectory: string): Promise<string> {
  return await mkdtemp(join(dataDirectory, DRAFT_PREFIX));
}

export function isDraftName(name: string): boolean {
  return name.startsWith(DRAFT_PREFIX);
}

/** Removes drafts that killed starts left behind: they never held data, for no server ever ran on them. */
export async function removeAbandonedDrafts(dataDirectory: string): Promise<void> {
  for (const name of (await readdir(dataDirectory)).filter(isDraftName)) {
    const path = join(dataDirectory, name);
    const status = await stat(path).catch(() => undefined);
    if (status !== undefined && Date.now() - status.mtimeMs > ABANDONED_AGE_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
