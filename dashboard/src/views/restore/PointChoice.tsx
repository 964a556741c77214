/** Which recovery point: along the line, or by its time in a list. */
import { Field, MessageBar, MessageBarBody, Select, makeStyles } from "@fluentui/react-components";
import { useMemo, useState } from "react";
import { useZone } from "../../app/preferences";
import type { Point } from "../../api/types";
import { PointFacts } from "../../points/PointFacts";
import { fittingSpan, type Span } from "../../points/span";
import { coloursOf } from "../../points/tags";
import { Timeline } from "../../points/Timeline";
import { timeText } from "../../shared/format";
import { useNow } from "../../shared/now";

const useStyles = makeStyles({ select: { maxWidth: "480px" } });

interface Props {
  points: readonly Point[];
  chosen: Point;
  /** Whether the one that the address names is not there any more. */
  isGone: boolean;
  onChoose: (point: string) => void;
}

export function PointChoice({ points, chosen, isGone, onChoose }: Props) {
  const zone = useZone();
  const now = useNow();
  const colours = useMemo(() => coloursOf(points), [points]);
  const [span, setSpan] = useState<Span>(() => fittingSpan(points, now));
  return (
    <>
      {isGone && (
        <MessageBar intent="warning">
          <MessageBarBody>The recovery point that you came for is gone. The newest one is chosen instead.</MessageBarBody>
        </MessageBar>
      )}
      <Timeline
        chosen={chosen.name}
        colours={colours}
        failedAt={[]}
        now={now}
        points={points}
        span={span}
        onChoose={onChoose}
        onSpan={setSpan}
      />
      <Field label="Recovery point">
        <Select className={useStyles().select} value={chosen.name} onChange={(_, { value }) => onChoose(value)}>
          {points.map((point, at) => (
            <option key={point.name} value={point.name}>
              {timeText(point.properties.recoveryPointTime, zone)} ({point.properties.retentionTagName}
              {at === 0 ? ", newest" : ""})
            </option>
          ))}
        </Select>
      </Field>
      <PointFacts point={chosen} />
    </>
  );
}
