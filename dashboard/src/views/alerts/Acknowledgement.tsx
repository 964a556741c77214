/** Who looks after an alert, or the button that says: I do. */
import { Button, Caption1, Spinner } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Alert } from "../../api/types";
import { Trouble } from "../../shared/Trouble";
import { Time } from "../../shared/Time";
import { useClient, useMay } from "../../sign-in/session";

export function Acknowledgement({ alert }: { alert: Alert }) {
  const client = useClient();
  const queries = useQueryClient();
  const mayAcknowledge = useMay("Operator");
  const acknowledge = useMutation({
    mutationFn: () => client.send<Alert>("POST", `${alert.id}/acknowledge`),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["alerts"] }),
  });
  const { acknowledgedBy, acknowledgedDateTime, monitorCondition } = acknowledge.data?.properties ?? alert.properties;
  if (acknowledgedDateTime) {
    return (
      <Caption1>
        {acknowledgedBy ?? "Somebody"} looks after it since <Time at={acknowledgedDateTime} />
      </Caption1>
    );
  }
  if (monitorCondition !== "Fired" || !mayAcknowledge) return null;
  return (
    <>
      <Button
        disabledFocusable={acknowledge.isPending}
        icon={acknowledge.isPending ? <Spinner size="tiny" /> : undefined}
        size="small"
        onClick={() => acknowledge.mutate()}
      >
        Acknowledge
      </Button>
      {acknowledge.error && <Trouble error={acknowledge.error} retry={() => acknowledge.mutate()} />}
    </>
  );
}
