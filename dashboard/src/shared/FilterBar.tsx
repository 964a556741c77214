/** What stands above a list and narrows it down. */
import { SearchBox, makeStyles } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", gap: "8px", alignItems: "center", "@media print": { display: "none" } },
  search: { flexGrow: 1, minWidth: "180px", maxWidth: "360px" },
});

interface Props {
  label: string;
  placeholder: string;
  search: string;
  onSearch: (text: string) => void;
  children?: ReactNode;
}

export function FilterBar({ label, placeholder, search, onSearch, children }: Props) {
  const styles = useStyles();
  return (
    <div className={styles.bar} role="search">
      <SearchBox
        aria-label={label}
        className={styles.search}
        placeholder={placeholder}
        value={search}
        onChange={(_, { value }) => onSearch(value)}
      />
      {children}
    </div>
  );
}

/** Whether each word that was typed is somewhere in `text`. */
export const hasWords = (text: string, search: string): boolean =>
  search.toLowerCase().split(/\s+/).filter(Boolean).every((word) => text.toLowerCase().includes(word));
