/** Asks before something is changed, and names what follows. Stays open with the error when it fails. */
import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Spinner,
} from "@fluentui/react-components";
import { useEffect, useState, type ReactNode } from "react";
import { useFocusBack } from "./focusBack";
import { holdFocusKeeper } from "./focusKeeper";
import { Trouble } from "./Trouble";

// Until a closed dialog is gone from sight and everything else is back for screen readers.
const CLOSES_WITHIN = 400; // milliseconds

interface Props {
  title: string;
  /** The verb on the button. */
  verb: string;
  children: ReactNode;
  isBusy?: boolean;
  canConfirm?: boolean;
  error?: unknown;
  /** Whether what was asked for is done: then it closes by itself. */
  isDone?: boolean;
  onConfirm: () => void;
  /** When it has closed, done or not: it can be taken away. */
  onClosed: () => void;
}

export function Confirm({ title, verb, children, isBusy = false, canConfirm = true, error, isDone = false, onConfirm, onClosed }: Props) {
  const [isCancelled, setIsCancelled] = useState(false);
  const isOpen = !isCancelled && !isDone;
  useFocusBack();
  useEffect(holdFocusKeeper, []);
  useEffect(() => {
    if (isOpen) return;
    const timer = setTimeout(onClosed, CLOSES_WITHIN);
    return () => clearTimeout(timer);
  }, [isOpen, onClosed]);
  const cancel = () => setIsCancelled(true);
  return (
    <Dialog open={isOpen} onOpenChange={(_, change) => !change.open && !isBusy && cancel()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent>
            {children}
            {error !== undefined && error !== null && <Trouble error={error} />}
          </DialogContent>
          <DialogActions>
            <Button appearance="secondary" disabled={isBusy} onClick={cancel}>
              Cancel
            </Button>
            <Button
              appearance="primary"
              disabledFocusable={isBusy || !canConfirm}
              icon={isBusy ? <Spinner size="tiny" /> : undefined}
              onClick={onConfirm}
            >
              {verb}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
