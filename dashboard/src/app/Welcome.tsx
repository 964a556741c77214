/** Before anybody is signed in: waits, or says what is wrong. */
import { Button, Spinner, Title2, makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  page: {
    minHeight: "100%",
    display: "flex",
    flexDirection: "column",
    alignItems: "center",
    justifyContent: "center",
    rowGap: "16px",
    padding: "16px",
    boxSizing: "border-box",
    backgroundColor: tokens.colorNeutralBackground2,
  },
});

export function Welcome({ children }: { children?: ReactNode }) {
  return (
    <main className={useStyles().page}>
      <Title2 as="h1">Backup Center</Title2>
      {children ?? <Spinner label="Signing in" />}
    </main>
  );
}

export function SignInFailed({ faults, retry }: { faults: readonly string[]; retry: () => void }) {
  return (
    <Welcome>
      {faults.map((fault) => (
        <div key={fault} role="alert">
          {fault}
        </div>
      ))}
      <Button appearance="primary" onClick={retry}>
        Try again
      </Button>
    </Welcome>
  );
}
