import { createRequire } from "node:module";

/** One connection of node-postgres, as far as it is used here. */
export type Session = {
  connect(): Promise<void>;
  query<Row>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }>;
  end(): Promise<void>;
  on(event: "error" | "end", listener: () => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "notification", listener: (message: { payload?: string }) => void): void;
};

export type SessionOptions = {
  readonly connectionString?: string;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly ssl?: boolean;
  readonly keepAlive?: boolean;
  readonly connectionTimeoutMillis?: number;
  readonly query_timeout?: number;
  readonly application_name?: string;
};

/** The driver is the one that MikroORM brings: one version of it, and none of ours to keep in step. */
const { Client } = createRequire(import.meta.resolve("@mikro-orm/postgresql"))("pg") as {
  Client: new (options: SessionOptions) => Session;
};

/** A plain session outside MikroORM's pool: for what must hold one session open, or work before there is an ORM. */
export function createSession(options: SessionOptions): Session {
  return new Client(options);
}
