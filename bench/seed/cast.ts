import type { SpendContext } from "../../src/domain/ledger/spend-context.ts";
import type { Random } from "../../test/simulator/random.ts";

/** How many there are of each in an organization. */
type Headcount = Readonly<{ workspaces: number; members: number; agents: number }>;

const SMALL: Headcount = { workspaces: 2, members: 4, agents: 6 };
const LARGE: Headcount = { workspaces: 10, members: 50, agents: 40 };
const LARGE_FROM_TRANSACTIONS = 5_000;
const CHILD_RUN_PERCENT = 10;
const LABELLED_PERCENT = 10;

/** Who spends an organization's credits, and in which runs. Some do much more than others. */
export class Cast {
  readonly #random: Random;
  readonly #headcount: Headcount;
  #lastRunId: string | undefined;

  constructor(transactions: number, random: Random) {
    this.#random = random;
    this.#headcount = transactions < LARGE_FROM_TRANSACTIONS ? SMALL : LARGE;
  }

  /** For what a new run spends; some are children of the run before. */
  newRun(runId: string): SpendContext {
    const { workspaces, members, agents } = this.#headcount;
    const parentRunId = this.#random.percent(CHILD_RUN_PERCENT) ? this.#lastRunId : undefined;
    this.#lastRunId = runId;
    return {
      runId,
      agentId: `agent-${this.#skewed(agents)}`,
      workspaceId: `workspace-${this.#skewed(workspaces)}`,
      memberId: `member-${this.#skewed(members)}`,
      ...(parentRunId === undefined ? {} : { parentRunId }),
      ...(this.#random.percent(LABELLED_PERCENT) ? { labels: { environment: "production" } } : {}),
    };
  }

  /** The first of them most often. */
  #skewed(count: number): number {
    return Math.min(this.#random.below(count), this.#random.below(count), this.#random.below(count));
  }
}
