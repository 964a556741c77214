/** One colour for each retention tag, the same in every picture of a disk. */
import { tokens } from "@fluentui/react-components";
import type { Point } from "../api/types";

const COLOURS = [
  tokens.colorPaletteBlueBorderActive,
  tokens.colorPaletteMarigoldBorderActive,
  tokens.colorPalettePurpleBorderActive,
  tokens.colorPaletteTealBorderActive,
  tokens.colorPalettePinkBorderActive,
  tokens.colorPaletteBrownBorderActive,
] as const;

export type Colours = ReadonlyMap<string, string>;

export function coloursOf(points: readonly Point[]): Colours {
  const tags = [...new Set(points.map((point) => point.properties.retentionTagName))].sort();
  return new Map(tags.map((tag, at) => [tag, COLOURS[at % COLOURS.length] as string]));
}

/** Whether it can be restored. */
export const isGood = (point: Point): boolean =>
  point.properties.recoveryPointState === "Completed" &&
  point.properties.recoveryPointDataStoresDetails.every((store) => store.state === "COMMITTED");
