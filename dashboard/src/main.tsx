/** Begins: how does one sign in, who is it, then the views. */
import { lazy, StrictMode, Suspense, useEffect, useState, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { newQueryClient } from "./api/queryClient";
import { Look, SignedIn } from "./app/App";
import { Center } from "./app/router";
import { SignInFailed, Welcome } from "./app/Welcome";
import { readConfiguration } from "./sign-in/configuration";
import { keepKey, keptKey, sessionWithKey } from "./sign-in/functionKey";
import type { Session } from "./sign-in/session";

type Stage =
  | { at: "waiting" }
  | { at: "key" }
  | { at: "failed"; faults: readonly string[] }
  | { at: "in"; session: Session };

const KeyForm = lazy(() => import("./app/KeyForm"));
const WAITING: Stage = { at: "waiting" };

function Main() {
  const [stage, setStage] = useState<Stage>(WAITING);
  const begin = () => void next(() => setStage({ at: "key" })).then(setStage);
  useEffect(begin, []);
  const withKey = (key: string) => {
    keepKey(key);
    begin();
  };
  return shown(stage, withKey);
}

function shown(stage: Stage, withKey: (key: string) => void): ReactNode {
  switch (stage.at) {
    case "waiting":
      return <Welcome />;
    case "key":
      return (
        <Suspense fallback={<Welcome />}>
          <KeyForm onKey={withKey} />
        </Suspense>
      );
    case "failed":
      return <SignInFailed faults={stage.faults} retry={() => window.location.reload()} />;
    case "in":
      return <Inside session={stage.session} />;
  }
}

function Inside({ session }: { session: Session }) {
  const [queries] = useState(newQueryClient);
  return (
    <SignedIn queries={queries} session={session}>
      <Center />
    </SignedIn>
  );
}

async function next(onLeave: () => void): Promise<Stage> {
  try {
    const configuration = await readConfiguration();
    if (configuration.signIn === "notConfigured") return { at: "failed", faults: configuration.faults };
    if (configuration.signIn === "functionKey") {
      return keptKey() ? { at: "in", session: sessionWithKey(onLeave) } : { at: "key" };
    }
    const { signInWithEntra } = await import("./sign-in/entra");
    const session = await signInWithEntra(configuration);
    return session ? { at: "in", session } : WAITING;
  } catch (thrown) {
    const told = thrown instanceof Error ? thrown.message : String(thrown);
    return { at: "failed", faults: [`Nobody can be signed in: ${told}`] };
  }
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Look>
        <Main />
      </Look>
    </StrictMode>,
  );
}
