import type { DescMessage, DescService } from "@bufbuild/protobuf";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { AdminService } from "../../gen/pleyor/credits/v1/admin_service_pb.ts";
import { AlertService } from "../../gen/pleyor/credits/v1/alert_service_pb.ts";
import { CreditService } from "../../gen/pleyor/credits/v1/credit_service_pb.ts";
import { GrantService } from "../../gen/pleyor/credits/v1/grant_service_pb.ts";
import { SubscriptionService } from "../../gen/pleyor/credits/v1/subscription_service_pb.ts";
import { TestClockService } from "../../gen/pleyor/credits/v1/test_clock_service_pb.ts";
import { UsageService } from "../../gen/pleyor/credits/v1/usage_service_pb.ts";
import { PricingService } from "../../gen/pleyor/pricing/v1/pricing_service_pb.ts";

const SERVICES: readonly DescService[] = [
  CreditService,
  GrantService,
  SubscriptionService,
  AlertService,
  UsageService,
  PricingService,
  AdminService,
  TestClockService,
  Health,
];

const METHODS = SERVICES.flatMap(({ methods }) => methods);

/** What the contract's calls are asked with, each kind once. */
export const REQUESTS: readonly DescMessage[] = [...new Set(METHODS.map(({ input }) => input))];

/** What they answer, each kind once. */
export const RESPONSES: readonly DescMessage[] = [...new Set(METHODS.map(({ output }) => output))];
