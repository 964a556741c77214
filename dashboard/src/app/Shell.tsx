/** What all views stand in: the bar at the top, the navigation, and the place of the view. */
import { Button, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { NavigationRegular } from "@fluentui/react-icons";
import { useEffect, useRef, useState, type RefObject } from "react";
import { Outlet, useLocation } from "react-router";
import { useSession } from "../sign-in/session";
import { Navigation } from "./Navigation";
import { Person } from "./Person";

const NARROW = "@media (max-width: 800px)";
const useStyles = makeStyles({
  shell: {
    display: "grid",
    gridTemplateColumns: "200px minmax(0, 1fr)",
    gridTemplateRows: "48px minmax(0, 1fr)",
    height: "100%",
    backgroundColor: tokens.colorNeutralBackground2,
    color: tokens.colorNeutralForeground1,
    [NARROW]: { gridTemplateColumns: "minmax(0, 1fr)" },
    "@media print": { display: "block", height: "auto" },
  },
  bar: {
    gridColumn: "1 / -1",
    display: "flex",
    alignItems: "center",
    columnGap: "8px",
    padding: "0 12px 0 16px",
    backgroundColor: tokens.colorBrandBackground,
    color: tokens.colorNeutralForegroundOnBrand,
    "@media print": { display: "none" },
  },
  name: { fontWeight: tokens.fontWeightSemibold, fontSize: tokens.fontSizeBase400, flexGrow: 1, whiteSpace: "nowrap" },
  menu: { display: "none", color: "inherit", [NARROW]: { display: "inline-flex" } },
  side: {
    overflowY: "auto",
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    [NARROW]: { display: "none" },
    "@media print": { display: "none" },
  },
  sideOpen: {
    [NARROW]: { display: "block", position: "fixed", inset: "48px auto 0 0", width: "240px", zIndex: 10, boxShadow: tokens.shadow28 },
  },
  main: {
    overflow: "auto",
    padding: "20px 24px 40px",
    outlineStyle: "none",
    [NARROW]: { gridColumn: "1 / -1", padding: "16px 12px 32px" },
    "@media print": { overflow: "visible" },
  },
  skip: {
    position: "absolute",
    left: "-999px",
    ":focus": { left: "8px", top: "8px", zIndex: 20, padding: "8px", backgroundColor: tokens.colorNeutralBackground1 },
  },
});

export function Shell() {
  const styles = useStyles();
  const main = useRef<HTMLElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const { pathname } = useLocation();
  useFocusOnChange(main, pathname);
  useEffect(() => setIsOpen(false), [pathname]);
  return (
    <div className={styles.shell} onKeyDown={(event) => event.key === "Escape" && setIsOpen(false)}>
      <a className={styles.skip} href="#view" onClick={(event) => skip(event, main.current)}>
        Skip to the content
      </a>
      <header className={styles.bar}>
        <Button
          appearance="transparent"
          aria-expanded={isOpen}
          aria-label="Navigation"
          className={styles.menu}
          icon={<NavigationRegular />}
          onClick={() => setIsOpen(!isOpen)}
        />
        <span className={styles.name}>Backup Center</span>
        <Person />
      </header>
      <div className={mergeClasses(styles.side, isOpen && styles.sideOpen)}>
        <Navigation role={useSession().role} />
      </div>
      <main className={styles.main} id="view" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

function skip(event: { preventDefault(): void }, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}

/** Whoever moves to another view by keyboard or with a screen reader goes on there, from the top. */
function useFocusOnChange(main: RefObject<HTMLElement | null>, pathname: string): void {
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    main.current?.focus();
    main.current?.scrollTo?.(0, 0);
  }, [main, pathname]);
}
