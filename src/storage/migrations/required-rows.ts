import { Migration } from "@mikro-orm/migrations";

/** A statement that writes fewer rows than it was to fails, rather than that its sender finds out when it is committed. */
export class RequiredRows extends Migration {
  override readonly name = "2026-11-24-required-rows";

  override up(): void {
    this.addSql(REQUIRE_ROWS);
  }
}

const REQUIRE_ROWS = `
create function require_rows(place text, present bigint, required bigint) returns void language plpgsql as $$
begin
  if present <> required then
    raise exception '% of % rows of % were there to be updated', present, required, place
      using errcode = 'no_data_found';
  end if;
end $$;
`;
