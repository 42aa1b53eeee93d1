import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ListTransactionsRequestSchema } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { ReservationState } from "../../gen/pleyor/credits/v1/reservation_pb.ts";
import { TransactionKind } from "../../gen/pleyor/credits/v1/transaction_pb.ts";
import { UsageDimension } from "../../gen/pleyor/credits/v1/usage_pb.ts";
import type { CreditClient } from "../../src/client/client.ts";
import { after, type Place } from "./place.ts";

/** A question about the past, asked at another place each time. */
export type Reading = Readonly<{
  name: string;
  /** Whether it is a page of history of the usual size, which has a target of its own. */
  isPage?: boolean;
  call: (client: CreditClient, place: Place) => Promise<unknown>;
}>;

type Filter = MessageInitShape<typeof ListTransactionsRequestSchema>;

const DAY_MS = 24 * 3_600_000;

/** All that is asked of a ledger's past. A new question is a line here. */
export const READINGS: readonly Reading[] = [
  { name: "balance now", call: ({ credits }, { organizationId }) => credits.getBalance({ organizationId }) },
  {
    name: "balance at a past time",
    call: ({ credits }, { organizationId, time: readTime }) =>
      credits.getBalance({ organizationId, readTime }),
  },
  {
    name: "a reservation",
    call: ({ credits }, { organizationId, reservationId }) =>
      credits.getReservation({ organizationId, reservationId }),
  },
  {
    name: "reservations held",
    call: ({ credits }, { organizationId }) =>
      credits.listReservations({ organizationId, states: [ReservationState.HELD] }),
  },
  {
    name: "what a run came to",
    call: ({ usage }, { organizationId, runId }) => usage.getRun({ organizationId, runId }),
  },
  {
    name: "a year's usage by agent",
    call: ({ usage }, { organizationId }) => usage.queryUsage({ organizationId, ...lastYear() }),
  },
  history("history, newest page", () => ({})),
  { ...history("history, 1,000 newest", () => ({ pageSize: 1_000 })), isPage: false },
  history("history before a past time", ({ time: endTime }) => ({ endTime })),
  history("history, next page there", ({ time: endTime, pageToken }) => ({ endTime, pageToken })),
  history("history of a day", ({ time }) => ({ startTime: time, endTime: after(time, DAY_MS) })),
  history("history of a run", ({ runId }) => ({ runId })),
  history("history of the busiest agent", () => ({ agentId: "agent-0" })),
  history("history of a rare agent", () => ({ agentId: "agent-38" })),
  history("history of the busiest workspace", () => ({ workspaceId: "workspace-0" })),
  history("history of a rare workspace", () => ({ workspaceId: "workspace-9" })),
  history("history of the busiest member", () => ({ memberId: "member-0" })),
  history("history of a rare member", () => ({ memberId: "member-47" })),
  history("history of a common model", () => ({ modelId: "gpt-5" })),
  history("history of a rare model", () => ({ modelId: "tavily/search" })),
  history("history of a common kind", () => ({ kinds: [TransactionKind.SETTLE] })),
  history("history of a rare kind", () => ({ kinds: [TransactionKind.CYCLE_RESET] })),
];

function lastYear() {
  const now = Date.now();
  return {
    groupBy: [UsageDimension.AGENT],
    startTime: timestampFromMs(now - 365 * DAY_MS),
    endTime: timestampFromMs(now),
  };
}

function history(name: string, filterAt: (place: Place) => Filter): Reading {
  return {
    name,
    isPage: true,
    call: ({ credits }, place) =>
      credits.listTransactions({ organizationId: place.organizationId, ...filterAt(place) }),
  };
}
