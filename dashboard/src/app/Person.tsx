/** Who is signed in as what. The menu behind it is loaded when it is first opened. */
import { Button, makeStyles } from "@fluentui/react-components";
import { PersonRegular } from "@fluentui/react-icons";
import { lazy, Suspense, useState } from "react";
import { useSession } from "../sign-in/session";

const PersonMenu = lazy(() => import("./PersonMenu"));
const useStyles = makeStyles({ button: { color: "inherit", maxWidth: "55vw", overflow: "hidden", whiteSpace: "nowrap", minWidth: 0 } });

export function Person() {
  const styles = useStyles();
  const session = useSession();
  const [wasOpened, setWasOpened] = useState(false);
  const button = (
    <Button
      appearance="transparent"
      aria-haspopup="menu"
      className={styles.button}
      icon={<PersonRegular />}
      onClick={() => setWasOpened(true)}
    >
      {labelOf(session.name, session.role ?? "no role")}
    </Button>
  );
  if (!wasOpened) return button;
  return (
    <Suspense fallback={button}>
      <PersonMenu trigger={button} />
    </Suspense>
  );
}

/** Who is called after the role, as people of the local target are, is named once. */
const labelOf = (name: string, role: string): string => (name.toLowerCase() === role.toLowerCase() ? role : `${name} (${role})`);
