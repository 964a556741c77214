/** A link within the page, in Fluent's look. */
import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Link, type To } from "react-router";

const useStyles = makeStyles({
  link: {
    color: tokens.colorBrandForegroundLink,
    textDecorationLine: "none",
    overflowWrap: "anywhere",
    "@media (forced-colors: active)": { textDecorationLine: "underline" },
    ":hover": { textDecorationLine: "underline" },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, borderRadius: tokens.borderRadiusSmall },
  },
  inText: { textDecorationLine: "underline" },
});

/** `isInText`: among words, where its colour alone would not tell it from them. */
export function Linked({ to, children, isInText = false }: { to: To; children: ReactNode; isInText?: boolean }) {
  const styles = useStyles();
  return (
    <Link className={mergeClasses(styles.link, isInText && styles.inText)} to={to}>
      {children}
    </Link>
  );
}
