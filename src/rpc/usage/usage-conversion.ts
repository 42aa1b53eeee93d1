import { create } from "@bufbuild/protobuf";
import {
  type Run as ProtoRun,
  type RunCosts as ProtoRunCosts,
  type UsageGroup as ProtoUsageGroup,
  type UsageSums as ProtoUsageSums,
  RunCostsSchema,
  RunSchema,
  UsageDimension,
  UsageGroupSchema,
  UsageKind,
  UsageSumsSchema,
} from "../../../gen/pleyor/credits/v1/usage_pb.ts";
import type { QueryUsageRequest } from "../../../gen/pleyor/credits/v1/usage_service_pb.ts";
import { DAY, type Time } from "../../domain/time.ts";
import type { RunCosts } from "../../domain/usage/run-costs.ts";
import type { UsageKey } from "../../domain/usage/summary.ts";
import { averageMicros, consumedMicros, type UsageSums } from "../../domain/usage/usage.ts";
import type { RunReading, UsageQuery, UsageReading } from "../../service/usage/usage-book.ts";
import { fromProtoTimestamp, toProtoTimestamp } from "../convert-time.ts";
import { InvalidFieldError } from "../invalid-field.ts";

const INT64_MAX = 2n ** 63n - 1n;
const GROUPS_DEFAULT = 50;
const GROUPS_MAX = 1_000;
/** Each group has up to some hundred days or hours. */
const GROUPS_IN_BUCKETS_MAX = 100;
/** How many days one query may be about: a report of hours has at most 768 of them. */
const DAYS_MAX = { hour: 32n, day: 400n, none: 3_660n } as const;

const KEY_OF: Readonly<Partial<Record<UsageDimension, UsageKey>>> = {
  [UsageDimension.AGENT]: "agentId",
  [UsageDimension.RUN]: "runId",
  [UsageDimension.MODEL]: "modelId",
  [UsageDimension.WORKSPACE]: "workspaceId",
  [UsageDimension.MEMBER]: "memberId",
};

const FILTERED = ["agentId", "modelId", "workspaceId", "memberId"] as const;

export function fromProtoUsageQuery(request: QueryUsageRequest): UsageQuery {
  const { groupBy, groupLimit } = request;
  const bucket = bucketOf(groupBy);
  const most = bucket === undefined ? GROUPS_MAX : GROUPS_IN_BUCKETS_MAX;
  const filtered = FILTERED.flatMap((key) => (request[key] === "" ? [] : [[key, request[key]] as const]));
  return {
    ...fromProtoRange(request, DAYS_MAX[bucket ?? "none"]),
    groupBy: new Set(groupBy.flatMap((dimension) => KEY_OF[dimension] ?? [])),
    groupByKind: groupBy.includes(UsageDimension.KIND),
    bucket,
    filter: Object.fromEntries(filtered),
    groupsMax: groupLimit === 0 ? GROUPS_DEFAULT : Math.min(groupLimit, most),
  };
}

function bucketOf(groupBy: readonly UsageDimension[]): "day" | "hour" | undefined {
  if (groupBy.includes(UsageDimension.HOUR)) return "hour";
  return groupBy.includes(UsageDimension.DAY) ? "day" : undefined;
}

function fromProtoRange({ startTime, endTime }: QueryUsageRequest, daysMax: bigint) {
  const range = fromProtoTimes({ startTime, endTime });
  // Both are required by the rules of their fields.
  const [start = 0n, end = 0n] = [range.startTime, range.endTime];
  if (end - start > daysMax * DAY)
    throw new InvalidFieldError("end_time", `must be at most ${daysMax} days later than start_time`);
  return { startTime: start, endTime: end };
}

type ProtoTimes = Readonly<Pick<QueryUsageRequest, "startTime" | "endTime">>;

/** Refuses a range that ends before it starts, or in which nothing can be. */
export function fromProtoTimes({ startTime, endTime }: ProtoTimes): {
  startTime: Time | undefined;
  endTime: Time | undefined;
} {
  const start = startTime && fromProtoTimestamp(startTime, "start_time");
  const end = endTime && fromProtoTimestamp(endTime, "end_time");
  if (start !== undefined && end !== undefined && end <= start)
    throw new InvalidFieldError("end_time", "must be later than start_time");
  return { startTime: start, endTime: end };
}

export function toProtoRun(run: RunReading["run"]): ProtoRun {
  const { runId, agentId = "", workspaceId = "", memberId = "", parentRunId = "" } = run;
  const { startTime, updateTime } = run;
  return create(RunSchema, {
    runId,
    agentId,
    workspaceId,
    memberId,
    parentRunId,
    ...(startTime !== undefined && { startTime: toProtoTimestamp(startTime) }),
    ...(updateTime !== undefined && { updateTime: toProtoTimestamp(updateTime) }),
    sums: toProtoUsageSums(run.sums),
  });
}

export function toProtoUsageGroup({
  keys,
  kind,
  startTime,
  sums,
}: UsageReading["groups"][number]): ProtoUsageGroup {
  const group = create(UsageGroupSchema, {
    ...keys,
    kind: UsageKind[kind ?? "UNSPECIFIED"],
    sums: toProtoUsageSums(sums),
  });
  if (startTime !== undefined) group.startTime = toProtoTimestamp(startTime);
  return group;
}

export function toProtoUsageSums(sums: UsageSums): ProtoUsageSums {
  const proto = create(UsageSumsSchema, {
    calls: sums.calls,
    lateCalls: sums.lateCalls,
    settledMicros: shown(sums.settledMicros),
    refundedMicros: shown(sums.refundedMicros),
    consumedMicros: shown(consumedMicros(sums)),
  });
  const average = averageMicros(sums);
  if (average !== undefined) proto.averageMicros = shown(average);
  return proto;
}

export function toProtoRunCosts(costs: RunCosts): ProtoRunCosts {
  const { held, expired, released, estimated, estimatedMicros, ...rest } = costs;
  const proto = create(RunCostsSchema, {
    ...rest,
    heldReservations: held,
    expiredReservations: expired,
    releasedReservations: released,
    estimatedReservations: estimated,
    reservedMicros: shown(rest.reservedMicros),
    releasedMicros: shown(rest.releasedMicros),
    settledMicros: shown(rest.settledMicros),
    lateMicros: shown(rest.lateMicros),
    debtMicros: shown(rest.debtMicros),
    refundedMicros: shown(rest.refundedMicros),
    consumedMicros: shown(rest.settledMicros - rest.refundedMicros),
  });
  if (estimated > 0n) proto.estimatedMicros = shown(estimatedMicros);
  return proto;
}

/** Sums over all time have no limit; what an int64 can hold does. */
function shown(micros: bigint): bigint {
  if (micros > INT64_MAX) return INT64_MAX;
  return micros < -INT64_MAX ? -INT64_MAX : micros;
}
