import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { AdminService } from "../../gen/pleyor/credits/v1/admin_service_pb.ts";
import {
  AlertService,
  type WatchAlertsRequestSchema,
  type WatchAlertsResponse,
} from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import {
  CreditService,
  type WatchBalanceRequestSchema,
  type WatchBalanceResponse,
} from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantService } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import { SubscriptionService } from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import { UsageService } from "../../gen/pleyor/credits/v1/usage_service_pb.ts";
import { PricingService } from "../../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import { type ConnectTransportOptions, createClosableConnectTransport } from "./connect-transport.ts";
import { type ClosableTransport, createGrpcTransport, type GrpcTransportOptions } from "./grpc-transport.ts";
import { type Refusal, type RefusalReason, refusalOf } from "./refusal.ts";
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from "./retry-policy.ts";
import { createRetryingTransport, type Retry } from "./retrying-transport.ts";
import { watch } from "./watch.ts";

export type { ConnectTransportOptions, GrpcTransportOptions, Refusal, RefusalReason, Retry, RetryPolicy };
export { refusalOf };

export interface CreditClient {
  /** Reserve, settle, release, charge; the balance and its history. */
  readonly credits: Client<typeof CreditService>;
  /** How credits enter an organization, and how they are taken back. */
  readonly grants: Client<typeof GrantService>;
  /** Low-balance thresholds and alerts. */
  readonly alerts: Client<typeof AlertService>;
  /**
   * The balance now, and each state that the loop keeps up with; alerts in between. Goes on by itself where the
   * stream breaks, on whichever server answers, until the loop ends, `signal` is aborted or the client is closed.
   * Throws what the service refuses.
   */
  watchBalance(
    request: MessageInitShape<typeof WatchBalanceRequestSchema>,
    options?: WatchOptions,
  ): AsyncGenerator<WatchBalanceResponse>;
  /**
   * Alerts of one organization, or of all where none is named: in order and at least once. Store the
   * `resumeToken` of what was handled, and begin with it after a restart.
   */
  watchAlerts(
    request: MessageInitShape<typeof WatchAlertsRequestSchema>,
    options?: WatchOptions,
  ): AsyncGenerator<WatchAlertsResponse>;
  /** What models cost: estimates, models, rate cards. */
  readonly prices: Client<typeof PricingService>;
  /** Proof that the ledger is right, and its history elsewhere. */
  readonly admin: Client<typeof AdminService>;
  /** Plans, subscriptions, top-ups and the catalogue. */
  readonly subscriptions: Client<typeof SubscriptionService>;
  /** What credits were spent on, by run and over time. */
  readonly usage: Client<typeof UsageService>;
  /** Ends the connections. Calls in flight, and those that wait for a retry, fail with `Code.Canceled`. */
  close(): void;
}

export interface WatchOptions {
  /** Ends the stream; the loop throws its reason. */
  readonly signal?: AbortSignal;
}

export type CreditClientOptions = (
  | ({ readonly transport: "grpc" } & GrpcTransportOptions)
  | ({ readonly transport: "connect" } & ConnectTransportOptions)
) & {
  /** The deadline of a call that brings no `timeoutMs` of its own, retries included. Absent: 20 s. */
  readonly timeoutMs?: number;
  /** What of the defaults (eight attempts, pauses up to 2 s) to change. */
  readonly retry?: Partial<RetryPolicy>;
  /** Hears of each failed attempt that another one follows, as for a log. It must not throw. */
  readonly onRetry?: (retry: Retry) => void;
};

type Beginning = Pick<
  MessageInitShape<typeof WatchBalanceRequestSchema>,
  "resumeToken" | "heartbeatInterval"
>;

/** See `DEFAULT_RETRY_POLICY`. */
const DEFAULT_TIMEOUT_MS = 20_000;

/**
 * A typed client of the credit ledger, for Node.
 *
 *     const client = createCreditClient({ transport: "grpc", address: "127.0.0.1:50051" });
 *     const { reservation } = await client.credits.reserveCredits({
 *       organizationId: "acme",
 *       cost: { case: "amountMicros", value: 2_500_000n },
 *     });
 *
 * - Amounts are bigints, in microcredits: 1,000,000 are one credit.
 * - `requestId` may be left out: the client makes a UUID (version 7) and keeps it for all attempts of the call.
 *   Make and store your own where the call must be repeatable after this process has died.
 * - A call is sent again if the service is away or overloaded, if the connection breaks, and if an attempt takes
 *   too long, until the call's deadline; see `RetryPolicy`. Refusals are never sent again.
 * - `applyBatch` succeeds even if all of its operations failed: their errors are results, which nobody sends again
 *   but you. Give them your own request ids if you mean to.
 * - Each call takes `{ signal, timeoutMs, headers }` as its second argument.
 * - Errors are ConnectErrors with both transports. `refusalOf(error)` reads why the service refused. An error that
 *   it can't read, and any with the code Unavailable or DeadlineExceeded, leaves open whether the change was made.
 *
 * The source of every field and error is `proto/pleyor/credits/v1` and `proto/pleyor/pricing/v1`; their types are in
 * `pleyor-credits/v1/*` and `pleyor-credits/pricing/v1/*`.
 */
export function createCreditClient(options: CreditClientOptions): CreditClient {
  const policy = { ...DEFAULT_RETRY_POLICY, ...options.retry };
  const { onRetry, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const transport = createRetryingTransport(createTransport(options), { policy, timeoutMs, onRetry });
  const credits = createClient(CreditService, transport);
  const alerts = createClient(AlertService, transport);
  const closing = new AbortController();
  const common = (method: string, { signal = closing.signal }: WatchOptions) => ({
    method,
    policy,
    onRetry,
    signal: AbortSignal.any([signal, closing.signal]),
  });
  return {
    credits,
    grants: createClient(GrantService, transport),
    alerts,
    admin: createClient(AdminService, transport),
    prices: createClient(PricingService, transport),
    subscriptions: createClient(SubscriptionService, transport),
    usage: createClient(UsageService, transport),
    watchBalance: (request, watchOptions = {}) =>
      watch({
        ...common("WatchBalance", watchOptions),
        ...beginning(request),
        open: (resumeToken, signal) => credits.watchBalance({ ...request, resumeToken }, { signal }),
      }),
    watchAlerts: (request, watchOptions = {}) =>
      watch({
        ...common("WatchAlerts", watchOptions),
        ...beginning(request),
        open: (resumeToken, signal) => alerts.watchAlerts({ ...request, resumeToken }, { signal }),
      }),
    close: () => {
      closing.abort(new ConnectError("the client is closed", Code.Canceled));
      transport.close();
    },
  };
}

function beginning({ resumeToken = "", heartbeatInterval }: Beginning) {
  return { resumeToken, heartbeatInterval };
}

function createTransport(options: CreditClientOptions): ClosableTransport {
  return options.transport === "grpc"
    ? createGrpcTransport(options)
    : createClosableConnectTransport(options);
}
