/** How much of its objective a recovery point's age has used up. Full is breached. */
import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { lengthText } from "./format";
import { useNow } from "./now";

const useStyles = makeStyles({
  bar: { display: "flex", alignItems: "center", columnGap: "8px", minWidth: 0 },
  rail: {
    flexGrow: 1,
    minWidth: "32px",
    height: "6px",
    borderRadius: "3px",
    overflow: "hidden",
    backgroundColor: tokens.colorNeutralBackground5,
  },
  fill: { height: "100%", backgroundColor: tokens.colorPaletteGreenBackground3 },
  late: { backgroundColor: tokens.colorPaletteDarkOrangeBackground3 },
  over: { backgroundColor: tokens.colorPaletteRedBackground3 },
  text: { whiteSpace: "nowrap", minWidth: "64px" },
});

interface Props {
  pointAt: string | null;
  objectiveSeconds: number;
}

export function AgeBar({ pointAt, objectiveSeconds }: Props) {
  const styles = useStyles();
  const now = useNow();
  if (pointAt === null) return <span>no recovery point</span>;
  const age = Math.max(0, (now - Date.parse(pointAt)) / 1000);
  const share = age / Math.max(objectiveSeconds, 1);
  return (
    <div className={styles.bar} title={`${lengthText(age)} old; the objective is ${lengthText(objectiveSeconds)}`}>
      <span className={styles.text}>{age < 60 ? "< 1 min" : lengthText(age)}</span>
      <div aria-hidden className={styles.rail}>
        <div
          className={mergeClasses(styles.fill, share > 0.8 && styles.late, share > 1 && styles.over)}
          style={{ width: `${Math.min(share, 1) * 100}%` }}
        />
      </div>
    </div>
  );
}
