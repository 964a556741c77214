/** What a table shows and sorts by. */
import type { ReactNode } from "react";

export interface Column<T> {
  key: string;
  label: string;
  /** Of the grid: `minmax(160px, 2fr)`. */
  width: string;
  show: (row: T) => ReactNode;
  /** What it is sorted by; without it the column cannot be. Null sorts last, whichever way. */
  by?: (row: T) => string | number | null;
  isNumber?: boolean;
}

export interface Sort {
  column: string;
  descending: boolean;
}

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
