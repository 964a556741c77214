/** An instant in the chosen zone, which is named; how long ago is beside it or instead, the other zone in its title. */
import { LOCAL_ZONE, useZone } from "../app/preferences";
import { relativeText, timeText } from "./format";
import { useNow } from "./now";

interface Props {
  at: string | null | undefined;
  as?: "both" | "relative" | "absolute";
  none?: string;
}

export function Time({ at, as = "absolute", none = "never" }: Props) {
  const zone = useZone();
  const now = useNow();
  if (!at) return <span>{none}</span>;
  const absolute = timeText(at, zone);
  const relative = relativeText(at, now);
  const shown = { both: `${absolute} (${relative})`, relative, absolute }[as];
  return (
    <time dateTime={at} title={`${timeText(at, LOCAL_ZONE)} · ${timeText(at, "UTC")}`}>
      {shown}
    </time>
  );
}
