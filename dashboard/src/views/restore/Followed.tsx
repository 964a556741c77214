/** A restore that has begun, to its end and to the new disk. Its address can be kept: it is followed from there. */
import { Button, Link, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { nameOf, portalUrl } from "../../api/ids";
import { useJob } from "../../api/queries";
import { JobProgress, hasEnded } from "../../shared/JobProgress";

interface Props {
  job: string;
  target: string;
  /** Says whether the restore did what was asked: if not, what was typed is still wanted. */
  onAgain: (isDone: boolean) => void;
}

export function Followed({ job, target, onAgain }: Props) {
  const { data } = useJob(job);
  const status = data?.properties.status;
  const isDone = status?.startsWith("Completed") ?? false;
  return (
    <>
      <JobProgress id={job} title={`Restore to ${nameOf(target)}`} />
      {isDone && (
        <MessageBar intent="success" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>The new disk is there</MessageBarTitle>
            {target}
          </MessageBarBody>
          <MessageBarActions>
            <Link href={portalUrl(target)} rel="noreferrer" target="_blank">
              Open {nameOf(target)} in the Azure portal
            </Link>
          </MessageBarActions>
        </MessageBar>
      )}
      {hasEnded(data) && (
        <div>
          <Button onClick={() => onAgain(isDone)}>{isDone ? "Restore another" : "Change it and try again"}</Button>
        </div>
      )}
    </>
  );
}
