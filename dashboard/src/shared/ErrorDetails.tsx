/** An error of a job, an instance or an alert, with what to do about it. */
import { MessageBar, MessageBarBody, MessageBarTitle, makeStyles } from "@fluentui/react-components";
import type { UserFacingError } from "../api/types";

const useStyles = makeStyles({
  body: { minWidth: 0, overflowWrap: "anywhere" },
  list: { margin: "4px 0 0", paddingInlineStart: "20px" },
});

export function ErrorDetails({ error, intent = "error" }: { error: UserFacingError; intent?: "error" | "warning" }) {
  const styles = useStyles();
  return (
    <MessageBar intent={intent} layout="multiline">
      <MessageBarBody className={styles.body}>
        <MessageBarTitle>{error.code}</MessageBarTitle> {error.message}
        {error.recommendedAction.length > 0 && (
          <ul className={styles.list}>
            {error.recommendedAction.map((action, at) => (
              <li key={at}>{action}</li>
            ))}
          </ul>
        )}
      </MessageBarBody>
    </MessageBar>
  );
}
