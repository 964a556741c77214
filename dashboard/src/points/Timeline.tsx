/** Recovery points along a line that can be zoomed. Arrow keys go from point to point, as on a slider. */
import { Button, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import type { KeyboardEvent } from "react";
import type { Point } from "../api/types";
import { useZone } from "../app/preferences";
import { timeText } from "../shared/format";
import { isGood, type Colours } from "./tags";
import { marksOf, SPANS, windowOf, type Span } from "./span";

const HEIGHT = 76;
const BASE = 48;

const useStyles = makeStyles({
  frame: { display: "flex", flexDirection: "column", rowGap: "8px", minWidth: 0 },
  bar: { display: "flex", flexWrap: "wrap", gap: "6px", alignItems: "center" },
  line: {
    width: "100%",
    outlineStyle: "none",
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  text: { fontSize: "10px", fill: tokens.colorNeutralForeground2 },
  inner: { "@media (max-width: 800px)": { display: "none" } },
  point: { cursor: "pointer" },
  key: { display: "inline-flex", alignItems: "center", columnGap: "4px" },
  dot: { width: "10px", height: "10px", borderRadius: "50%", display: "inline-block" },
});

interface Props {
  /** Newest first. */
  points: readonly Point[];
  failedAt: readonly string[];
  colours: Colours;
  chosen: string | null;
  onChoose: (point: string) => void;
  span: Span;
  onSpan: (span: Span) => void;
  now: number;
}

export function Timeline(props: Props) {
  const { points, chosen, onChoose, span, onSpan, colours } = props;
  const styles = useStyles();
  const zone = useZone();
  const at = points.findIndex((point) => point.name === chosen);
  const found = points[at];
  const move = (event: KeyboardEvent) => {
    const next = stepOf(event.key, at, points.length);
    if (next === null) return;
    event.preventDefault();
    const point = points[next];
    if (point) onChoose(point.name);
  };
  return (
    <div className={styles.frame}>
      <div className={styles.bar} role="group" aria-label="How much of the past">
        {SPANS.map((each) => (
          <Button
            appearance={each.key === span.key ? "primary" : "secondary"}
            aria-pressed={each.key === span.key}
            key={each.key}
            size="small"
            onClick={() => onSpan(each)}
          >
            {each.label}
          </Button>
        ))}
        {[...colours].map(([tag, colour]) => (
          <span className={styles.key} key={tag}>
            <span aria-hidden className={styles.dot} style={{ backgroundColor: colour }} />
            {tag}
          </span>
        ))}
      </div>
      <svg
        aria-label="Recovery point"
        aria-valuemax={Math.max(points.length, 1)}
        aria-valuemin={1}
        aria-valuenow={at < 0 ? 1 : points.length - at}
        aria-valuetext={found ? `${timeText(found.properties.recoveryPointTime, zone)}, ${found.properties.retentionTagName}` : "none chosen"}
        className={styles.line}
        height={HEIGHT}
        role="slider"
        tabIndex={0}
        onKeyDown={move}
      >
        <Drawn {...props} zone={zone} />
      </svg>
    </div>
  );
}

/** Where a key leads from the point at `at` of so many, newest first; null for keys that lead nowhere. */
function stepOf(key: string, at: number, count: number): number | null {
  const last = count - 1;
  const steps: Record<string, number> = {
    ArrowLeft: Math.min(at + 1, last),
    ArrowDown: Math.min(at + 1, last),
    ArrowRight: Math.max(at - 1, 0),
    ArrowUp: Math.max(at - 1, 0),
    Home: last,
    End: 0,
  };
  return count > 0 ? (steps[key] ?? null) : null;
}

function Drawn({ points, failedAt, colours, chosen, onChoose, span, now, zone }: Props & { zone: string }) {
  const styles = useStyles();
  const { from, to } = windowOf(span, points, now);
  const place = (at: string | number) => ((typeof at === "string" ? Date.parse(at) : at) - from) / (to - from);
  const isInside = (at: string) => place(at) >= 0 && place(at) <= 1;
  const percent = (at: string | number) => `${(2 + 96 * place(at)).toFixed(3)}%`;
  return (
    <>
      <line stroke={tokens.colorNeutralStroke1} x1="2%" x2="98%" y1={BASE} y2={BASE} />
      {marksOf(from, to).map((mark, at, all) => (
        <text
          className={mergeClasses(styles.text, at > 0 && at < all.length - 1 && styles.inner)}
          key={mark}
          textAnchor={at === 0 ? "start" : at === all.length - 1 ? "end" : "middle"}
          x={percent(mark)}
          y={HEIGHT - 8}
        >
          {timeText(new Date(mark).toISOString(), zone).replace(/ GMT.*| UTC.*| [A-Z]{3,4}$/, "")}
        </text>
      ))}
      {failedAt.filter(isInside).map((at, number) => (
        <rect fill={tokens.colorPaletteRedForeground1} height={6} key={`${at}${number}`} width={3} x={percent(at)} y={BASE + 3}>
          <title>Backup failed, {timeText(at, zone)}</title>
        </rect>
      ))}
      {points.filter((point) => isInside(point.properties.recoveryPointTime)).map((point) => (
        <Mark
          colour={colours.get(point.properties.retentionTagName) ?? tokens.colorNeutralForeground1}
          isChosen={point.name === chosen}
          key={point.name}
          point={point}
          x={percent(point.properties.recoveryPointTime)}
          zone={zone}
          onChoose={() => onChoose(point.name)}
        />
      ))}
    </>
  );
}

interface MarkProps {
  point: Point;
  x: string;
  colour: string;
  isChosen: boolean;
  zone: string;
  onChoose: () => void;
}

function Mark({ point, x, colour, isChosen, zone, onChoose }: MarkProps) {
  const styles = useStyles();
  const top = isChosen ? 8 : 20;
  return (
    <g className={styles.point} opacity={isGood(point) ? 1 : 0.35} onClick={onChoose}>
      <title>{`${timeText(point.properties.recoveryPointTime, zone)}, ${point.properties.retentionTagName}`}</title>
      <line stroke="transparent" strokeWidth={10} x1={x} x2={x} y1={4} y2={BASE} />
      <line stroke={colour} strokeWidth={isChosen ? 4 : 2} x1={x} x2={x} y1={top} y2={BASE} />
      <circle cx={x} cy={top} fill={colour} r={isChosen ? 6 : 4} />
    </g>
  );
}
