import { create } from "@bufbuild/protobuf";
import {
  type LedgerHead,
  VerifyLedgerRequestSchema,
  type VerifyLedgerResponse,
} from "../gen/pleyor/credits/v1/admin_service_pb.ts";
import { parseConfig, readEnv } from "../src/config.ts";
import { fromProtoVerifyLedger, toProtoVerificationEvent } from "../src/rpc/convert-admin.ts";
import { VerificationStream } from "../src/service/verification-stream.ts";
import { startEmbeddedPostgres } from "../src/storage/embedded/embedded-postgres.ts";
import { createOrm } from "../src/storage/orm.ts";

type Scope = Readonly<{ organizationId: string; expectedHead: LedgerHead | undefined }>;

/** A statement that finds what is damaged may look at a whole organization. */
const STATEMENT_TIMEOUT_MS = 600_000;

/** The same answers as the service's, from its database alone. */
export async function* verifyDatabase({
  organizationId,
  expectedHead,
}: Scope): AsyncGenerator<VerifyLedgerResponse> {
  const { database } = parseConfig(readEnv(process.env));
  const log = (text: string): void => console.error(text);
  const { dataDirectory } = database;
  const embedded =
    database.url === undefined ? await startEmbeddedPostgres({ dataDirectory, log }) : undefined;
  const url = database.url ?? embedded?.url ?? "";
  const timeouts = {
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    idleInTransactionTimeoutMs: STATEMENT_TIMEOUT_MS,
  };
  const orm = createOrm({ ...database, ...timeouts, url, connectionsMax: 2 });
  try {
    const request = create(VerifyLedgerRequestSchema, { organizationId });
    if (expectedHead) request.expectedHead = expectedHead;
    const stream = new VerificationStream(orm, fromProtoVerifyLedger(request), new AbortController().signal);
    for await (const answer of stream.events()) {
      if ("refusal" in answer) throw new Error(`There is no organization ${organizationId}.`);
      yield toProtoVerificationEvent(answer.value);
    }
  } finally {
    await orm.close(true);
    await embedded?.stop();
  }
}
