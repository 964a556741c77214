/** An error, said usefully: what is wrong, every fault, and the next step. What was typed stays where it is. */
import { Button, Link, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, makeStyles } from "@fluentui/react-components";
import { type ApiError, asApiError, type Trouble as Kind } from "../api/errors";
import type { Fault } from "../api/types";
import { Copyable } from "./Copyable";
import { useSession } from "../sign-in/session";

const TITLES: Readonly<Record<Kind, string>> = {
  signedOut: "You are signed out",
  forbidden: "Your role does not allow this",
  absent: "It is not there",
  conflict: "Its present state does not allow this",
  tooMany: "Too many requests",
  invalid: "Something is not right yet",
  down: "The API does not answer",
  broken: "Something went wrong",
};

const useStyles = makeStyles({
  list: { margin: "4px 0 0", paddingInlineStart: "20px" },
  bar: { marginBlock: "8px" },
  body: { minWidth: 0, overflowWrap: "anywhere" },
});

interface Props {
  error: unknown;
  retry?: () => void;
  /** Where older data is shown beneath. */
  isStale?: boolean;
}

export function Trouble({ error, retry, isStale = false }: Props) {
  const styles = useStyles();
  const found = asApiError(error);
  return (
    <MessageBar className={styles.bar} intent={intentOf(found)} layout="multiline" role="alert">
      <MessageBarBody className={styles.body}>
        <MessageBarTitle>{TITLES[found.trouble]}</MessageBarTitle> <Words error={found} isStale={isStale} />
      </MessageBarBody>
      <MessageBarActions>
        {found.trouble === "signedOut" && <SignInAgain />}
        {retry && found.trouble !== "signedOut" && <Button onClick={retry}>Try again</Button>}
      </MessageBarActions>
    </MessageBar>
  );
}

const intentOf = (error: ApiError) => (error.passes || error.trouble === "signedOut" ? "warning" : "error");

function Words({ error, isStale }: { error: ApiError; isStale: boolean }) {
  const styles = useStyles();
  const lines = [...error.faults.map(lineOf).filter((line) => line !== error.message), ...error.actions];
  const commands = commandsIn([error.message, ...lines].join("\n"));
  return (
    <>
      {error.message}
      {error.retryAfter !== null && error.trouble === "tooMany" && ` It takes requests again in ${error.retryAfter} s.`}
      {isStale && " What you see is from before."}
      {lines.length > 0 && (
        <ul className={styles.list}>
          {lines.map((line, at) => (
            <li key={at}>{line}</li>
          ))}
        </ul>
      )}
      {commands.map((command) => (
        <Copyable key={command} label="Command" text={command} />
      ))}
      {error.requestId && error.trouble === "broken" && <div>Request {error.requestId}: the app&apos;s log has it.</div>}
    </>
  );
}

const lineOf = (fault: Fault): string => (fault.target ? `${fault.target}: ${fault.message}` : fault.message);

/** The commands that the API's own words name, each once, to be copied. */
export function commandsIn(text: string): string[] {
  const found = text.match(/\baz [a-z]+ [a-z-]+.*?(?=\. [A-Z]|\.?\n|\.?$)/gm) ?? [];
  return [...new Set(found)];
}

function SignInAgain() {
  const session = useSession();
  return (
    <Link as="button" onClick={() => void session.signIn()}>
      Sign in again
    </Link>
  );
}
