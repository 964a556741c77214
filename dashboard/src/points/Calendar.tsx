/**
 * Half a year of days, each coloured by how many recovery points it left: gaps and failures are seen at once. Arrow keys
 * go from day to day; choosing one narrows the list to it.
 */
import { Caption1, makeStyles, tokens } from "@fluentui/react-components";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { counted, dayText } from "../shared/format";
import type { Day } from "./days";

const CELL = 15; // pixels, with the gap
const SIDE = 12;
const LEFT = 34;
const TOP = 18;
const WEEKDAYS: readonly [number, string][] = [
  [0, "Mon"],
  [2, "Wed"],
  [4, "Fri"],
];
const STEPS: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7, Home: -9999, End: 9999 };

const useStyles = makeStyles({
  frame: { overflowX: "auto", maxWidth: "100%" },
  key: { margin: "4px 0 0" },
  text: { fontSize: "10px", fill: tokens.colorNeutralForeground2 },
  day: { cursor: "pointer", outlineStyle: "none", ":focus-visible": { stroke: tokens.colorStrokeFocus2, strokeWidth: "2px" } },
});

interface Props {
  weeks: readonly (readonly Day[])[];
  /** The chosen day's key. */
  chosen: string | null;
  onChoose: (day: string | null) => void;
}

export function Calendar({ weeks, chosen, onChoose }: Props) {
  const styles = useStyles();
  const frame = useRef<SVGSVGElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  // The days that matter are the last: where they do not fit, they are what is seen.
  useEffect(() => {
    if (scroller.current) scroller.current.scrollLeft = scroller.current.scrollWidth;
  }, []);
  const days = weeks.flat();
  const [at, setAt] = useState(days.length - 1);
  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(Math.max(at + step, 0), days.length - 1);
    setAt(next);
    frame.current?.querySelector<SVGElement>(`[data-day="${next}"]`)?.focus();
  };
  return (
    <div className={styles.frame} ref={scroller}>
      <svg
        aria-label="Recovery points by day"
        height={TOP + 7 * CELL}
        ref={frame}
        role="group"
        width={LEFT + weeks.length * CELL}
        onKeyDown={move}
      >
        <Labels weeks={weeks} />
        {days.map((day, number) => (
          <Square
            day={day}
            isChosen={day.key === chosen}
            isReached={number === at}
            key={day.key}
            number={number}
            onChoose={() => {
              setAt(number);
              onChoose(day.key === chosen ? null : day.key);
            }}
          />
        ))}
      </svg>
      <Caption1 as="p" block className={styles.key}>
        The darker, the more recovery points a day has. A cross: a backup failed, or a slot was missed.
      </Caption1>
    </div>
  );
}

function Labels({ weeks }: { weeks: Props["weeks"] }) {
  const styles = useStyles();
  const months = weeks.map((week, at) => ({ at, month: week[0]?.key.slice(0, 7) ?? "" }));
  const firsts = months.filter(({ at, month }) => at > 0 && month !== months[at - 1]?.month);
  return (
    <g aria-hidden className={styles.text}>
      {WEEKDAYS.map(([row, name]) => (
        <text key={name} x={0} y={TOP + row * CELL + 10}>
          {name}
        </text>
      ))}
      {firsts.map(({ at, month }) => (
        <text key={month} x={LEFT + at * CELL} y={10}>
          {dayText(`${month}-15T12:00:00Z`, "UTC").split(" ")[1]}
        </text>
      ))}
    </g>
  );
}

interface SquareProps {
  day: Day;
  number: number;
  isChosen: boolean;
  isReached: boolean;
  onChoose: () => void;
}

function Square({ day, number, isChosen, isReached, onChoose }: SquareProps) {
  const styles = useStyles();
  const [x, y] = [LEFT + Math.floor(number / 7) * CELL, TOP + (number % 7) * CELL];
  const words = wordsOf(day);
  return (
    <g>
      <rect
        aria-label={words}
        aria-pressed={isChosen}
        className={styles.day}
        data-day={number}
        fill={colourOf(day)}
        height={SIDE}
        role="button"
        rx={2}
        stroke={isChosen ? tokens.colorNeutralForeground1 : tokens.colorNeutralStroke2}
        tabIndex={isReached ? 0 : -1}
        width={SIDE}
        x={x}
        y={y}
        onClick={onChoose}
        onKeyDown={(event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          onChoose();
        }}
      >
        <title>{words}</title>
      </rect>
      {day.failures + day.missed > 0 && (
        <path
          d={`M${x + 3} ${y + 3} l6 6 m0 -6 l-6 6`}
          pointerEvents="none"
          stroke={tokens.colorPaletteRedForeground1}
          strokeWidth={2}
        />
      )}
    </g>
  );
}

function wordsOf(day: Day): string {
  const parts = [
    day.points.length > 0 ? counted(day.points.length, "recovery point") : "no recovery point",
    ...(day.failures > 0 ? [counted(day.failures, "failed backup")] : []),
    ...(day.missed > 0 ? [counted(day.missed, "missed slot")] : []),
  ];
  return `${dayText(`${day.key}T12:00:00Z`, "UTC")}: ${parts.join(", ")}`;
}

function colourOf({ points }: Day): string {
  if (points.length === 0) return tokens.colorNeutralBackground4;
  if (points.length === 1) return tokens.colorPaletteGreenBackground2;
  return points.length < 6 ? tokens.colorPaletteGreenForeground3 : tokens.colorPaletteGreenForeground1;
}
