/** A link within the page, in Fluent's look. */
import { makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Link, type To } from "react-router";

const useStyles = makeStyles({
  link: {
    color: tokens.colorBrandForegroundLink,
    textDecorationLine: "none",
    overflowWrap: "anywhere",
    ":hover": { textDecorationLine: "underline" },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, borderRadius: tokens.borderRadiusSmall },
  },
});

export function Linked({ to, children, label }: { to: To; children: ReactNode; label?: string }) {
  return (
    <Link aria-label={label} className={useStyles().link} to={to}>
      {children}
    </Link>
  );
}
