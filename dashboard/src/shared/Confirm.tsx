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
import type { ReactNode } from "react";
import { Trouble } from "./Trouble";

interface Props {
  title: string;
  /** The verb on the button. */
  verb: string;
  children: ReactNode;
  isBusy?: boolean;
  canConfirm?: boolean;
  error?: unknown;
  onConfirm: () => void;
  onCancel: () => void;
}

export function Confirm({ title, verb, children, isBusy = false, canConfirm = true, error, onConfirm, onCancel }: Props) {
  return (
    <Dialog open onOpenChange={(_, change) => !change.open && !isBusy && onCancel()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent>
            {children}
            {error !== undefined && error !== null && <Trouble error={error} />}
          </DialogContent>
          <DialogActions>
            <Button appearance="secondary" disabled={isBusy} onClick={onCancel}>
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
