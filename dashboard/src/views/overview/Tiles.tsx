/** How many disks are in which state; each leads to them. */
import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { Link } from "react-router";
import { toDisks } from "../../app/links";
import { countText } from "../../shared/format";
import { STATES, type State } from "../../shared/StateBadge";

const ORDER: readonly State[] = ["protected", "atRisk", "breached", "error", "paused"];

const useStyles = makeStyles({
  tiles: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(130px, 1fr))", gap: "12px" },
  tile: {
    display: "block",
    padding: "12px 16px",
    color: tokens.colorNeutralForeground1,
    textDecorationLine: "none",
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    borderTopWidth: "3px",
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  count: { fontSize: tokens.fontSizeHero800, lineHeight: tokens.lineHeightHero800, fontWeight: tokens.fontWeightSemibold },
  success: { borderTopColor: tokens.colorPaletteGreenBorderActive },
  warning: { borderTopColor: tokens.colorPaletteDarkOrangeBorderActive },
  danger: { borderTopColor: tokens.colorPaletteRedBorderActive },
  none: { borderTopColor: tokens.colorNeutralStroke2 },
});

export function Tiles({ counts }: { counts: Readonly<Record<State, number>> }) {
  const styles = useStyles();
  return (
    <div className={styles.tiles}>
      {ORDER.map((state) => (
        <Link
          className={mergeClasses(styles.tile, styles[colourOf(state, counts[state])])}
          key={state}
          to={toDisks({ state })}
        >
          <div className={styles.count}>{countText(counts[state])}</div>
          <div>{STATES[state].label}</div>
        </Link>
      ))}
    </div>
  );
}

/** A state that nothing is in has no colour: only what counts draws the eye. */
function colourOf(state: State, count: number): "success" | "warning" | "danger" | "none" {
  const { colour } = STATES[state];
  return count === 0 || colour === "informative" || colour === "subtle" ? "none" : colour;
}
