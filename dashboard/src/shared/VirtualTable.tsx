/**
 * A table of thousands of rows, of which those in sight exist. It sorts by its columns and, where asked, selects rows.
 *
 * Roles say to screen readers what a table element would; the count and place of rows are told, as most are not there.
 */
import { Checkbox, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { useVirtualizer, type VirtualItem } from "@tanstack/react-virtual";
import { useMemo, useRef, type ReactNode } from "react";
import { sorted, templateOf, widthOf, type Column, type Sort } from "./columns";
import { usePrinting } from "./printing";

const ROW = 44; // pixels
const HEAD = 40;
const CHECK = 40;

const useStyles = makeStyles({
  frame: {
    overflow: "auto",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    "@media print": { overflow: "visible", height: "auto !important", maxHeight: "none !important" },
  },
  row: { display: "grid", alignItems: "center", minHeight: `${ROW}px`, width: "100%", boxSizing: "border-box" },
  head: {
    position: "sticky",
    top: 0,
    zIndex: 1,
    minHeight: `${HEAD}px`,
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `1px solid ${tokens.colorNeutralStroke1}`,
    fontWeight: tokens.fontWeightSemibold,
  },
  body: { position: "relative" },
  placed: {
    position: "absolute",
    insetInlineStart: 0,
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  selected: { backgroundColor: tokens.colorNeutralBackground1Selected },
  cell: { padding: "0 10px", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", minWidth: 0 },
  number: { textAlign: "end" },
  sort: {
    padding: 0,
    border: "none",
    background: "none",
    color: "inherit",
    font: "inherit",
    textAlign: "inherit",
    cursor: "pointer",
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, borderRadius: tokens.borderRadiusSmall },
  },
});

export interface Selection {
  ids: ReadonlySet<string>;
  set(ids: ReadonlySet<string>): void;
  /** What a row is called, for its checkbox. */
  nameOf(id: string): string;
}

interface Props<T> {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  idOf: (row: T) => string;
  sort: Sort;
  onSort: (sort: Sort) => void;
  selection?: Selection;
  /** CSS; beyond it the rows scroll. */
  height?: string;
}

export function VirtualTable<T>(props: Props<T>) {
  const { rows, columns, idOf, sort, selection, height = "min(70vh, 900px)" } = props;
  const styles = useStyles();
  const frame = useRef<HTMLDivElement>(null);
  const ordered = useMemo(() => sorted(rows, columns, sort), [rows, columns, sort]);
  const virtualizer = useVirtualizer({
    count: ordered.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    getItemKey: (at) => idOf(ordered[at] as T),
    overscan: usePrinting() ? ordered.length : 8,
  });
  const before = selection ? CHECK : 0;
  const template = templateOf(columns, before);
  return (
    <div className={styles.frame} ref={frame} style={{ maxHeight: height }} tabIndex={0} role="group" aria-label={`${props.label}, scrolls`}>
      <div aria-label={props.label} aria-rowcount={ordered.length + 1} role="table" style={{ minWidth: widthOf(columns, before) }}>
        <Head {...props} ordered={ordered} template={template} />
        <div className={styles.body} role="rowgroup" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => (
            <Row
              columns={columns}
              id={idOf(ordered[item.index] as T)}
              item={item}
              key={item.key}
              row={ordered[item.index] as T}
              selection={selection}
              template={template}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

function Head<T>({ columns, ordered, idOf, sort, onSort, selection, template }: Props<T> & { ordered: readonly T[]; template: string }) {
  const styles = useStyles();
  return (
    <div role="rowgroup" className={styles.head}>
      <div aria-rowindex={1} className={styles.row} role="row" style={{ gridTemplateColumns: template, minHeight: HEAD }}>
        {selection && (
          <div role="columnheader">
            <SelectAll ids={ordered.map(idOf)} selection={selection} />
          </div>
        )}
        {columns.map((column) => (
          <div
            aria-sort={column.by === undefined ? undefined : sort.column !== column.key ? "none" : sort.descending ? "descending" : "ascending"}
            className={mergeClasses(styles.cell, column.isNumber && styles.number)}
            key={column.key}
            role="columnheader"
          >
            {column.by === undefined ? column.label : <Sorter column={column} sort={sort} onSort={onSort} />}
          </div>
        ))}
      </div>
    </div>
  );
}

function Sorter<T>({ column, sort, onSort }: { column: Column<T>; sort: Sort; onSort: (sort: Sort) => void }) {
  const isSorted = sort.column === column.key;
  const arrow = isSorted ? (sort.descending ? " ↓" : " ↑") : "";
  return (
    <button
      className={useStyles().sort}
      type="button"
      onClick={() => onSort({ column: column.key, descending: isSorted ? !sort.descending : false })}
    >
      {column.label}
      <span aria-hidden>{arrow}</span>
    </button>
  );
}

function SelectAll({ ids, selection }: { ids: string[]; selection: Selection }) {
  const count = ids.filter((id) => selection.ids.has(id)).length;
  const checked = count === 0 ? false : count === ids.length ? true : "mixed";
  return (
    <Checkbox
      aria-label={`Select all ${ids.length}`}
      checked={checked}
      onChange={() => selection.set(checked === true ? new Set() : new Set(ids))}
    />
  );
}

interface RowProps<T> {
  row: T;
  id: string;
  item: VirtualItem;
  columns: readonly Column<T>[];
  selection: Selection | undefined;
  template: string;
}

function Row<T>({ row, id, item, columns, selection, template }: RowProps<T>) {
  const styles = useStyles();
  const isSelected = selection?.ids.has(id) ?? false;
  return (
    <div
      aria-rowindex={item.index + 2}
      className={mergeClasses(styles.row, styles.placed, isSelected && styles.selected)}
      role="row"
      style={{ gridTemplateColumns: template, transform: `translateY(${item.start}px)` }}
    >
      {selection && (
        <div role="cell">
          <Checkbox
            aria-label={`Select ${selection.nameOf(id)}`}
            checked={isSelected}
            onChange={() => selection.set(toggled(selection.ids, id))}
          />
        </div>
      )}
      {columns.map((column) => (
        <Cell key={column.key} column={column}>
          {column.show(row)}
        </Cell>
      ))}
    </div>
  );
}

function Cell<T>({ column, children }: { column: Column<T>; children: ReactNode }) {
  const styles = useStyles();
  return (
    <div className={mergeClasses(styles.cell, column.isNumber && styles.number)} role="cell">
      {children}
    </div>
  );
}

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const changed = new Set(ids);
  if (!changed.delete(id)) changed.add(id);
  return changed;
}
