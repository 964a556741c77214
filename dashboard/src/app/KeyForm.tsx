/** Where the app signs in by a key of the Functions host. */
import { Button, Field, Input, makeStyles } from "@fluentui/react-components";
import { useState } from "react";
import { Welcome } from "./Welcome";

const useStyles = makeStyles({
  form: { display: "flex", flexDirection: "column", rowGap: "12px", width: "min(360px, 100%)" },
});

export default function KeyForm({ onKey }: { onKey: (key: string) => void }) {
  const [key, setKey] = useState("");
  return (
    <Welcome>
      <form
        className={useStyles().form}
        onSubmit={(event) => {
          event.preventDefault();
          if (key) onKey(key);
        }}
      >
        <Field hint="Of the Functions host, with full access. It is kept in this tab only." label="Function key" required>
          <Input autoComplete="off" type="password" value={key} onChange={(_, { value }) => setKey(value)} />
        </Field>
        <Button appearance="primary" type="submit">
          Sign in
        </Button>
      </form>
    </Welcome>
  );
}
