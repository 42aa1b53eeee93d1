export interface Column {
  readonly title: string;
  readonly width: number;
  /** Numbers; absent: text, to the left. */
  readonly isRight?: boolean;
}

/** The columns' titles, and a line under them. */
export function tableHead(columns: readonly Column[]): string {
  const titles = tableRow(
    columns,
    columns.map(({ title }) => title),
  );
  const rule = columns.map(({ width }) => "-".repeat(width)).join("  ");
  return `${titles}\n${rule}`;
}

/** One line. A cell that is too long pushes the others aside rather than being cut. */
export function tableRow(columns: readonly Column[], cells: readonly string[]): string {
  return columns
    .map(({ width, isRight }, index) => {
      const cell = cells[index] ?? "";
      return isRight ? cell.padStart(width) : cell.padEnd(width);
    })
    .join("  ")
    .trimEnd();
}

/** As wide as its widest cell. */
export function fitColumns(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): readonly Column[] {
  return titles.map((title, index) => ({
    title,
    width: Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  }));
}
