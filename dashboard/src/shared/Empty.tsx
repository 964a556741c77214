/** Where there is nothing to show: says why, and what comes next. */
import { Body1, makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  empty: {
    display: "flex",
    flexDirection: "column",
    alignItems: "center",
    rowGap: "12px",
    padding: "40px 16px",
    textAlign: "center",
    color: tokens.colorNeutralForeground2,
    border: `1px dashed ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusLarge,
  },
});

export function Empty({ children, next }: { children: ReactNode; next?: ReactNode }) {
  const styles = useStyles();
  return (
    <div className={styles.empty}>
      <Body1>{children}</Body1>
      {next}
    </div>
  );
}
