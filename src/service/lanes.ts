import type { BatchItem, Outcome } from "./batch.ts";
import { Lane, type LaneDatabase, type LaneGauge, type LaneSettings, type LaneTelemetry } from "./lane.ts";

/**
 * All lanes of a process. Few of them serve many organizations better than one each:
 * with 1,000 organizations, a queue per organization is slower than no grouping at
 * all, two to four lanes are 11x faster.
 */
export class Lanes {
  readonly #lanes: readonly Lane[];

  constructor(
    database: LaneDatabase,
    settings: LaneSettings & Readonly<{ count: number }>,
    telemetry?: LaneTelemetry,
  ) {
    this.#lanes = Array.from({ length: settings.count }, () => new Lane(database, settings, telemetry));
  }

  readonly gauge: LaneGauge = {
    mayRefuse: () => this.#lanes.some(({ mayRefuse }) => mayRefuse),
    refuses: (organizationId) => this.#laneOf(organizationId).refuses(organizationId),
  };

  submit(item: BatchItem, signal?: AbortSignal): Promise<Outcome> {
    return this.#laneOf(item.organizationId).submit(item, signal);
  }

  async drain(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.drain()));
  }

  #laneOf(organizationId: string): Lane {
    const lane = this.#lanes[slot(organizationId, this.#lanes.length)];
    if (!lane) throw new Error("there are no lanes");
    return lane;
  }
}

/** FNV-1a: it need only spread names evenly, and every command pays for it. */
function slot(organizationId: string, count: number): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < organizationId.length; index += 1)
    hash = Math.imul(hash ^ organizationId.charCodeAt(index), 16_777_619);
  return (hash >>> 0) % count;
}
