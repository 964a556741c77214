/** What a table shows and sorts by. */
import type { ReactNode } from "react";

export interface Column<T> {
  key: string;
  label: string;
  /** In pixels, at least. */
  width: number;
  /** Its share of the room that is left; none without it. */
  grow?: number;
  show: (row: T) => ReactNode;
  /** What it is sorted by; without it the column cannot be. Null sorts last, whichever way. */
  by?: (row: T) => string | number | null;
  isNumber?: boolean;
}

export interface Sort {
  column: string;
  descending: boolean;
}

/** For CSS's grid. */
export const templateOf = (columns: readonly Pick<Column<unknown>, "width" | "grow">[], before: number): string =>
  [...(before ? [`${before}px`] : []), ...columns.map(({ width, grow }) => (grow ? `minmax(${width}px, ${grow}fr)` : `${width}px`))].join(" ");

export const widthOf = (columns: readonly Pick<Column<unknown>, "width" | "grow">[], before: number): number =>
  columns.reduce((sum, column) => sum + column.width, before);

const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Rows of equal value stay in the order that they came in. */
export function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], sort: Sort): readonly T[] {
  const by = columns.find((column) => column.key === sort.column)?.by;
  if (!by) return rows;
  const keyed = rows.map((row) => ({ row, key: by(row) }));
  return keyed.sort((one, other) => compared(one.key, other.key, sort.descending)).map((each) => each.row);
}

function compared(one: string | number | null, other: string | number | null, descending: boolean): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  const order = typeof one === "number" && typeof other === "number" ? one - other : COLLATOR.compare(String(one), String(other));
  return descending ? -order : order;
}

/** `name` or `-name`, as an address has it. */
export function readSort(text: string | null, otherwise: Sort): Sort {
  if (!text) return otherwise;
  return { column: text.replace(/^-/, ""), descending: text.startsWith("-") };
}

export const sortText = (sort: Sort): string => (sort.descending ? `-${sort.column}` : sort.column);
