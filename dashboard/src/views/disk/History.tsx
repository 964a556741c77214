/** The recovery points of a disk as a calendar, a line and a list. What is chosen is in the address. */
import { Button, Caption1, makeStyles } from "@fluentui/react-components";
import { useMemo } from "react";
import { toRestore } from "../../app/links";
import { useZone } from "../../app/preferences";
import { vaultOf, sameId } from "../../api/ids";
import { useVaultJobs } from "../../api/queries";
import type { Instance, Point } from "../../api/types";
import { Holds } from "../../holds/Holds";
import { Calendar } from "../../points/Calendar";
import { weeksOf } from "../../points/days";
import { PointFacts } from "../../points/PointFacts";
import { fittingSpan, spanNamed } from "../../points/span";
import { coloursOf } from "../../points/tags";
import { Timeline } from "../../points/Timeline";
import { Empty } from "../../shared/Empty";
import { dayKey, dayText } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { useNow } from "../../shared/now";
import { useSearch } from "../../shared/search";
import { useMay } from "../../sign-in/session";
import { PointTable } from "./PointTable";

const WEEKS = 26;
const useStyles = makeStyles({
  chosen: { display: "flex", flexDirection: "column", rowGap: "8px" },
  narrowed: { display: "flex", flexWrap: "wrap", gap: "8px", alignItems: "center" },
});

export function History({ instance, points }: { instance: Instance; points: readonly Point[] }) {
  const [params, change] = useSearch();
  const zone = useZone();
  const now = useNow();
  const failedAt = useFailedAt(instance.id, now);
  const missedAt = (instance.properties.missedSlots ?? []).map((each) => each.slot);
  const colours = useMemo(() => coloursOf(points), [points]);
  const day = params.get("day");
  const chosen = points.find((point) => point.name === params.get("point")) ?? points[0];
  const shown = day ? points.filter((point) => dayKey(point.properties.recoveryPointTime, zone) === day) : points;
  const choose = (point: string) => change({ point }, true);
  if (points.length === 0 && failedAt.length + missedAt.length === 0) {
    return <Empty>There is no recovery point yet. The first one comes with the next backup.</Empty>;
  }
  return (
    <>
      <Calendar
        chosen={day}
        weeks={weeksOf({ points, failedAt, missedAt }, { now, zone, weeks: WEEKS })}
        onChoose={(chosenDay) => change({ day: chosenDay })}
      />
      <Timeline
        chosen={chosen?.name ?? null}
        colours={colours}
        failedAt={failedAt}
        now={now}
        points={points}
        span={spanNamed(params.get("span")) ?? fittingSpan(points, now)}
        onChoose={choose}
        onSpan={(span) => change({ span: span.key }, true)}
      />
      {chosen && <Chosen instance={instance.id} point={chosen} />}
      <Narrowed day={day} onAll={() => change({ day: null })} />
      <PointTable chosen={chosen?.name ?? null} points={shown} onChoose={choose} />
    </>
  );
}

/** When backups of this disk failed. The API narrows jobs by time, not by disk. */
function useFailedAt(instance: string, now: number): string[] {
  const since = new Date(Math.floor(now / 86_400_000) * 86_400_000 - WEEKS * 7 * 86_400_000).toISOString();
  const jobs = useVaultJobs(vaultOf(instance), `status eq 'Failed' and operation eq 'Backup' and startTime ge '${since}'`);
  return useMemo(
    () => (jobs.data ?? []).filter((job) => sameId(job.properties.backupInstanceId, instance)).map((job) => job.properties.startTime),
    [jobs.data, instance],
  );
}

function Chosen({ instance, point }: { instance: string; point: Point }) {
  const styles = useStyles();
  const mayRestore = useMay("Operator");
  return (
    <section aria-label="The chosen recovery point" aria-live="polite" className={styles.chosen}>
      <PointFacts point={point} />
      <Holds of={point.id} what="this recovery point" />
      {mayRestore && <Linked to={toRestore(instance, point.name)}>Restore this recovery point</Linked>}
    </section>
  );
}

function Narrowed({ day, onAll }: { day: string | null; onAll: () => void }) {
  const styles = useStyles();
  if (!day) return null;
  return (
    <div className={styles.narrowed}>
      <Caption1>Only those of {dayText(`${day}T12:00:00Z`, "UTC")}</Caption1>
      <Button size="small" onClick={onAll}>
        Show all days
      </Button>
    </div>
  );
}
