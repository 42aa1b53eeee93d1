import { readFile } from "node:fs/promises";
import { FieldError, JsonFields } from "./json-fields.ts";

export const GRANT_KINDS = ["subscription", "promotional", "purchased"] as const;
export type GrantKindName = (typeof GRANT_KINDS)[number];

const MODEL_KINDS = ["image", "video", "text", "audio"] as const;

/** What an agent does in one run, and which credits it starts with. Amounts are in microcredits. */
export interface Run {
  readonly organization: string;
  readonly workspace: string;
  readonly member: string;
  readonly agent: string;
  readonly grants: readonly RunGrant[];
  /** What is bought when a node is refused for lack of credits. */
  readonly topUpMicros?: bigint;
  readonly nodes: readonly RunNode[];
}

export interface RunGrant {
  readonly kind: GrantKindName;
  readonly amountMicros: bigint;
  readonly expiresInDays?: number;
}

export interface RunNode {
  readonly node: string;
  readonly kind: (typeof MODEL_KINDS)[number];
  readonly model: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly estimateMicros: bigint;
  readonly durationMs: number;
  readonly outcome: Outcome;
}

/** `settle` and `fail` follow a reservation of the estimate; `charge` goes without. */
export type Outcome =
  | { readonly type: "settle"; readonly costMicros: bigint }
  | { readonly type: "fail"; readonly why: string }
  | { readonly type: "charge"; readonly costMicros: bigint };

/** Throws a FieldError, which names the field, or the error of the file system. */
export async function readRunFile(path: string): Promise<Run> {
  return parseRun(await readFile(path, "utf8"));
}

export function parseRun(text: string): Run {
  const known = ["organization", "workspace", "member", "agent", "grants", "topUp", "nodes"];
  const run = new JsonFields(parseJson(text), "", known);
  return {
    organization: parseOrganization(run),
    workspace: run.id("workspace"),
    member: run.id("member"),
    agent: run.id("agent"),
    grants: run.objects("grants", ["kind", "credits", "expiresInDays"]).map(parseGrant),
    ...(run.has("topUp") && { topUpMicros: run.object("topUp", ["credits"]).creditsAboveZero("credits") }),
    nodes: parseNodes(run),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FieldError("the file", `is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** A run's own id follows it, so that each run starts with an organization of its own. */
function parseOrganization(run: JsonFields): string {
  const organization = run.id("organization");
  if (organization.length > 80) {
    throw run.wrong("organization", "should have at most 80 characters");
  }
  return organization;
}

function parseGrant(grant: JsonFields): RunGrant {
  const kind = grant.oneOf("kind", GRANT_KINDS);
  const amountMicros = grant.creditsAboveZero("credits");
  if (kind === "purchased" && grant.has("expiresInDays")) {
    throw grant.wrong("expiresInDays", "purchased credits never expire");
  }
  const expires = kind === "subscription" || grant.has("expiresInDays");
  return {
    kind,
    amountMicros,
    ...(expires && { expiresInDays: grant.integer("expiresInDays", { min: 1, max: 366 }) }),
  };
}

function parseNodes(run: JsonFields): readonly RunNode[] {
  const known = ["node", "kind", "model", "settings", "estimate", "durationMs", "outcome"];
  const names = new Set<string>();
  return run.objects("nodes", known).map((fields) => {
    const node = parseNode(fields);
    if (names.has(node.node)) {
      throw fields.wrong("node", "another node has this name");
    }
    names.add(node.node);
    return node;
  });
}

function parseNode(node: JsonFields): RunNode {
  return {
    node: node.id("node"),
    kind: node.oneOf("kind", MODEL_KINDS),
    model: node.id("model"),
    settings: parseSettings(node),
    estimateMicros: node.credits("estimate"),
    durationMs: node.integer("durationMs", { min: 0, max: 60_000 }),
    outcome: parseOutcome(node.object("outcome", ["settle", "fail", "charge"])),
  };
}

/** They travel as labels, of which the service takes 16. */
function parseSettings(node: JsonFields): Readonly<Record<string, string>> {
  const settings = node.labels("settings");
  for (const [name, value] of Object.entries(settings)) {
    if (!/^[A-Za-z0-9_.:/@-]{1,64}$/.test(name) || value.length > 256) {
      throw new FieldError(
        node.pathOf(`settings.${name}`),
        "its name or value is too long or has odd characters",
      );
    }
  }
  if (Object.keys(settings).length > 16) {
    throw new FieldError(node.pathOf("settings"), "has more than 16 fields");
  }
  return settings;
}

function parseOutcome(outcome: JsonFields): Outcome {
  const types = (["settle", "fail", "charge"] as const).filter((name) => outcome.has(name));
  const [type] = types;
  if (type === undefined || types.length > 1) {
    throw new FieldError(outcome.path, "should have exactly one of settle, fail, charge");
  }
  return type === "fail" ? { type, why: outcome.text("fail") } : { type, costMicros: outcome.credits(type) };
}
