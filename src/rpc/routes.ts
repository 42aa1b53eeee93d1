import { createRegistry, type DescFile, type DescMessage, type Registry } from "@bufbuild/protobuf";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { AdminService } from "../../gen/pleyor/credits/v1/admin_service_pb.ts";
import { AlertService } from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { file_pleyor_credits_v1_error_reason } from "../../gen/pleyor/credits/v1/error_reason_pb.ts";
import { GrantService } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import { SubscriptionService } from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import { TestClockService } from "../../gen/pleyor/credits/v1/test_clock_service_pb.ts";
import { UsageService } from "../../gen/pleyor/credits/v1/usage_service_pb.ts";
import { PricingService } from "../../gen/pleyor/pricing/v1/pricing_service_pb.ts";
import { file_pleyor_pricing_v1_refusal } from "../../gen/pleyor/pricing/v1/refusal_pb.ts";
import type { CreditLedger } from "../service/credit-ledger.ts";
import type { PlanDesk } from "../service/plan-desk.ts";
import type { Prices } from "../service/pricing/prices.ts";
import type { TestClocks } from "../service/test-clocks.ts";
import type { UsageBook } from "../service/usage/usage-book.ts";
import { type AdminParts, adminHandlers } from "./admin-handlers.ts";
import { alertHandlers } from "./alert-handlers.ts";
import type { BatchParts } from "./batch-handler.ts";
import { creditHandlers } from "./credit-handlers.ts";
import { DescriptorIndex } from "./descriptor-index.ts";
import { type Route, route } from "./endpoint.ts";
import { grantHandlers } from "./grant-handlers.ts";
import { healthHandlers } from "./health.ts";
import { pricingHandlers } from "./pricing/pricing-handlers.ts";
import { Reflection } from "./reflection.ts";
import type { Serving } from "./serving.ts";
import { subscriptionHandlers } from "./subscription-handlers.ts";
import { testClockHandlers } from "./test-clock-handlers.ts";
import { usageHandlers } from "./usage/usage-handlers.ts";
import type { Watching } from "./watching.ts";

const LEDGER_SERVICES = [
  CreditService,
  GrantService,
  SubscriptionService,
  AlertService,
  UsageService,
  AdminService,
  PricingService,
] as const;
const STANDARD_SERVICES = [Health, ServerReflection, ServerReflectionAlpha] as const;

/** No service names these files, but the details of errors are described in them. */
const DETAIL_FILES = [
  file_pleyor_credits_v1_error_reason,
  file_pleyor_pricing_v1_refusal,
  file_google_rpc_error_details,
  file_buf_validate_validate,
];

/** What JSON needs to show the details of an error inside a batch's results. */
export const DETAIL_TYPES: Registry = createRegistry(...DETAIL_FILES);

/** The messages whose rules are to be compiled before the first call. */
export const REQUEST_SCHEMAS: readonly DescMessage[] = [...LEDGER_SERVICES, TestClockService].flatMap(
  ({ methods }) => methods.map(({ input }) => input),
);

/** What the routes lead to, beside the ledger. */
export type RouteParts = BatchParts &
  Readonly<{
    serving: Serving;
    watching: Watching;
    admin: AdminParts;
    prices: Prices;
    plans: PlanDesk;
    usage: UsageBook;
    testClocks: TestClocks | undefined;
  }>;

/** All that both doors serve. */
export function createRoutes(ledger: CreditLedger, parts: RouteParts): readonly Route[] {
  const { watching, plans, testClocks } = parts;
  const own = testClocks ? [...LEDGER_SERVICES, TestClockService] : LEDGER_SERVICES;
  const ledgerNames = own.map(({ typeName }) => typeName);
  const services = [...own, ...STANDARD_SERVICES];
  const files: readonly DescFile[] = [...services.map(({ file }) => file), ...DETAIL_FILES];
  const reflection = new Reflection(
    new DescriptorIndex(files),
    services.map(({ typeName }) => typeName),
  );
  const whileDraining = true;
  return [
    route(CreditService, creditHandlers(ledger, watching, parts)),
    route(GrantService, grantHandlers(ledger)),
    route(AlertService, alertHandlers(ledger, watching)),
    route(AdminService, adminHandlers(parts.admin)),
    route(UsageService, usageHandlers(parts.usage)),
    route(PricingService, pricingHandlers(parts.prices, ledger, plans)),
    route(SubscriptionService, subscriptionHandlers(ledger, plans)),
    ...(testClocks ? [route(TestClockService, testClockHandlers(testClocks))] : []),
    route(Health, healthHandlers(parts.serving, ledgerNames), { whileDraining }),
    route(ServerReflection, reflection.handlers(), { whileDraining }),
    route(ServerReflectionAlpha, reflection.alphaHandlers(), { whileDraining }),
  ];
}
