import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { ORGANIZATION } from "../support/scripted-ledger.ts";
import { DoorsUnderTest } from "./doors-under-test.ts";

const GET_BALANCE = "/pleyor.credits.v1.CreditService/GetBalance";
/** A GetBalanceRequest by hand: field 1, with a length, then the text. */
const GOOD = Buffer.concat([Buffer.from([0x0a, ORGANIZATION.length]), Buffer.from(ORGANIZATION)]);

describe("the gRPC door, called with raw bytes", () => {
  let doors: DoorsUnderTest;
  let client: Client;

  before(async () => {
    doors = await new DoorsUnderTest({ messageBytesMax: 10_000 }).open();
    doors.ledger.always(() => ({
      refusal: { reason: "ORGANIZATION_NOT_FOUND", organizationId: ORGANIZATION },
    }));
    client = new Client(doors.grpcAddress, credentials.createInsecure());
  });
  after(async () => {
    client.close();
    await doors.close();
  });

  const errorOf = (path: string, bytes: Buffer): Promise<ServiceError> =>
    new Promise((resolve, reject) => {
      const same = (message: Buffer) => message;
      client.makeUnaryRequest(path, same, same, bytes, new Metadata(), {}, (error) => {
        if (error) resolve(error);
        else reject(new Error("the call was not refused"));
      });
    });

  it("sends a refusal as a google.rpc.Status whose code and message are the call's", async () => {
    const error = await errorOf(GET_BALANCE, GOOD);
    const told = statusOf(error);
    expect(error.code).to.equal(status.NOT_FOUND);
    expect(told).to.deep.include({ code: error.code, message: error.details });
    const info = told.details[0] && anyUnpack(told.details[0], ErrorInfoSchema);
    expect(info?.reason).to.equal("ORGANIZATION_NOT_FOUND");
  });

  it("refuses bytes that are no message like any other bad request", async () => {
    const error = await errorOf(GET_BALANCE, Buffer.from([0x0a, 0xff]));
    expect(error.code).to.equal(status.INVALID_ARGUMENT);
    const [first] = statusOf(error).details;
    expect(first && anyUnpack(first, ErrorInfoSchema)?.reason).to.equal("INVALID_REQUEST");
  });

  it("cuts off a message that is far too large, and refuses a method that does not exist", async () => {
    const large = await errorOf(GET_BALANCE, Buffer.alloc(100_000));
    expect(large.code).to.equal(status.RESOURCE_EXHAUSTED);
    const unknown = await errorOf("/pleyor.credits.v1.CreditService/Unknown", GOOD);
    expect(unknown.code).to.equal(status.UNIMPLEMENTED);
  });
});

function statusOf(error: ServiceError) {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  return fromBinary(StatusSchema, bytes as Buffer);
}
