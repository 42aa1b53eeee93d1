import { randomUUID } from "node:crypto";

type Welcomed = Readonly<{
  grpcAddress: string;
  httpAddress: string;
  databaseUrl: string;
  dataDirectory: string | undefined;
}>;

/** For the person who starts the service: where it is, where the data are, and the next line to try. */
export function welcomeText({ grpcAddress, httpAddress, databaseUrl, dataDirectory }: Welcomed): string {
  const grant = JSON.stringify({
    organization_id: "acme",
    request_id: randomUUID(),
    kind: "GRANT_KIND_PURCHASED",
    amount_micros: "25000000",
    reference: "payment:first",
  });
  const call = "pleyor.credits.v1.GrantService/CreateGrant";
  return `pleyor-credits serves.

  gRPC                      ${callable(grpcAddress)}
  Connect, gRPC-Web, gRPC   http://${callable(httpAddress)}
  data                      ${dataDirectory ?? withoutPassword(databaseUrl)}

Try it: grant 25 credits to the organization acme, by grpcurl or by curl.

  grpcurl -plaintext -d '${grant}' ${callable(grpcAddress)} ${call}

  curl -H 'content-type: application/json' -d '${grant}' http://${callable(httpAddress)}/${call}

`;
}

/** A server may listen everywhere, but nobody can call "everywhere". */
function callable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
}

function withoutPassword(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return `${host}${pathname}`;
}
