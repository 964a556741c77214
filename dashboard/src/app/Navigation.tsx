/** The list of views that somebody's role shows. */
import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { NavLink } from "react-router";
import { includes, type Role } from "../sign-in/roles";
import { VIEWS } from "./views";

const useStyles = makeStyles({
  list: { listStyleType: "none", margin: 0, padding: "12px 8px", display: "flex", flexDirection: "column", rowGap: "2px" },
  link: {
    display: "block",
    padding: "8px 12px",
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: "none",
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  current: {
    fontWeight: tokens.fontWeightSemibold,
    backgroundColor: tokens.colorNeutralBackground1Selected,
    boxShadow: `inset 3px 0 0 ${tokens.colorBrandStroke1}`,
  },
});

export function Navigation({ role }: { role: Role | null }) {
  const styles = useStyles();
  const shown = VIEWS.filter((view) => view.label && includes(role, view.role));
  return (
    <nav aria-label="Views">
      <ul className={styles.list}>
        {shown.map((view) => (
          <li key={view.path}>
            <NavLink
              className={({ isActive }) => mergeClasses(styles.link, isActive && styles.current)}
              end={view.path === ""}
              to={`/${view.path}`}
            >
              {view.label}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
