/** Damage that somebody with all rights does, and where verification says that it is. */
export const DAMAGES: readonly [string, string, RegExp][] = [
  [
    "an amount of a transaction",
    "update transactions set amount_micros = amount_micros + 1 where version = 3",
    /^transaction 3$/,
  ],
  ["an actor", "update transactions set actor = 'nobody' where version = 2", /^transaction 2$/],
  ["a label", `update transactions set labels = '{"a":"c"}' where version = 2`, /^transaction 2$/],
  [
    "a time by a microsecond",
    "update transactions set record_time = record_time + interval '1 microsecond' where version = 4",
    /^transaction 4$/,
  ],
  [
    "a movement",
    `update transactions set movements = jsonb_set(movements, '{0,3}', '"31"') where version = 2`,
    /^transaction 2$/,
  ],
  [
    "the balance of a transaction",
    "update transactions set promotional_micros = promotional_micros + 1 where version = 3",
    /^transaction 3$/,
  ],
  ["a transaction in the middle, removed", "delete from transactions where version = 3", /^transaction 4$/],
  ["the last transaction, removed", "delete from transactions where version = 6", /^account$/],
  ["all transactions, removed", "delete from transactions", /^account$/],
  [
    "two transactions that changed places",
    "update transactions set version = version + 1000 where version in (3, 4) and organization_id = 'verified'; " +
      "update transactions set version = 1007 - version where version > 1000",
    /^transaction 3$/,
  ],
  [
    "an added transaction",
    'insert into transactions select (jsonb_populate_record(t, \'{"version": 7, "request_ordinal": 1}\')).* from transactions t where version = 6',
    /^transaction 7$/,
  ],
  [
    "a transaction that can't be read",
    `update transactions set movements = '{"a": 1}' where version = 3`,
    /^transaction 3$/,
  ],
  [
    "a transaction of a kind that there is not",
    "update transactions set kind = 'GIFT' where version = 3",
    /^transaction 3$/,
  ],
  ["a hash", "update transactions set hash = sha256('') where version = 5", /^transaction [56]$/],
  ["the head of the chain", "update accounts set head_hash = sha256('')", /^account$/],
  ["a balance", "update accounts set promotional_micros = promotional_micros + 1", /^account$/],
  ["a version", "update accounts set version = version + 1", /^account$/],
  [
    "when something falls due, later",
    "update accounts set next_due_time = next_due_time + interval '1 hour'",
    /^account$/,
  ],
  ["that something falls due at all", "update accounts set next_due_time = null", /^account$/],
  ["a due time that can't be read", "update accounts set next_due_time = 'infinity'", /^organization$/],
  ["a grant that can't be read", "update grants set expire_time = 'infinity'", /^organization$/],
  [
    "a transaction of a time that can't be read",
    "update transactions set effective_time = '4000-01-01 00:00+00 BC' where version = 3",
    /^transaction 3$/,
  ],
  ["a removed account", "delete from accounts", /^account$/],
  [
    "credits of a grant",
    "update grants set free_micros = free_micros + 1, consumed_micros = consumed_micros - 1 where consumed_micros > 0",
    /^grant /,
  ],
  [
    "an added grant",
    "insert into grants select organization_id, gen_random_uuid(), kind, amount_micros, free_micros, held_micros, consumed_micros, expired_micros, voided_micros, open, create_time, expire_time, 'forged', version, voided, spent_becomes_debt from grants",
    /^grant /,
  ],
  ["a removed grant", "delete from grants", /^grant /],
  [
    "what a reservation cost",
    "update reservations set settled_micros = 3 where state = 'SETTLED'",
    /^reservation /,
  ],
  [
    "a reservation that is held again",
    "update reservations set state = 'HELD', end_time = null where state = 'RELEASED'",
    /^reservation /,
  ],
  [
    "an added reservation",
    "insert into reservations select (jsonb_populate_record(r, jsonb_build_object('reservation_id', gen_random_uuid()))).* from reservations r where state = 'SETTLED'",
    /^reservation /,
  ],
  [
    "a reservation that hides a change",
    "update reservations set versions = versions[1:1] where state = 'RELEASED'",
    /^reservation /,
  ],
  [
    "a reservation that can't be read",
    `update reservations set holds = '{"a": 1}' where state = 'RELEASED'`,
    /^reservation /,
  ],
  [
    "a reservation of another run",
    "update reservations set run_id = 'other' where state = 'SETTLED'",
    /^reservation /,
  ],
  ["a removed reservation", "delete from reservations where state = 'RELEASED'", /^reservation /],
  ["debt that is forgotten", "delete from debts", /^debt /],
  ["paid debt that is forgotten", "delete from debts where paid_micros = incurred_micros", /^debt 2$/],
  [
    "paid debt that is larger",
    "update debts set incurred_micros = 90, paid_micros = 90 where version = 2",
    /^debt 2$/,
  ],
  [
    "paid debt that nobody incurred",
    "insert into debts select organization_id, 1, 5, 5 from accounts",
    /^debt 1$/,
  ],
  ["debt that was paid less", "update debts set paid_micros = paid_micros - 1", /^debt /],
];
