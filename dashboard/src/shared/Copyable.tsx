/** Code to take along. */
import { Button, makeStyles, tokens } from "@fluentui/react-components";
import { useState } from "react";

const useStyles = makeStyles({
  frame: { position: "relative", minWidth: 0 },
  code: {
    margin: 0,
    padding: "12px",
    overflowX: "auto",
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusMedium,
    whiteSpace: "pre",
  },
  copy: { position: "absolute", top: "6px", right: "6px" },
});

export function Copyable({ label, text }: { label: string; text: string }) {
  const styles = useStyles();
  const [done, setDone] = useState("");
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setDone("Copied"),
      () => setDone("Select and copy it by hand"),
    );
  return (
    <div className={styles.frame}>
      <pre className={styles.code} aria-label={label} tabIndex={0}>
        {text}
      </pre>
      <Button className={styles.copy} size="small" onClick={() => void copy()}>
        {done || "Copy"}
      </Button>
    </div>
  );
}
