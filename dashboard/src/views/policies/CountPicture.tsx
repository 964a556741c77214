/** How many recovery points there will be, as bars over a year; the same as a list for who cannot see it. */
import { makeStyles, tokens } from "@fluentui/react-components";
import type { PolicyPreview } from "../../api/types";
import { useZone } from "../../app/preferences";
import { counted, dayText } from "../../shared/format";

const [WIDTH, HEIGHT, BASE] = [360, 120, 96];
const useStyles = makeStyles({
  picture: { width: "100%", maxWidth: "520px" },
  bar: { fill: tokens.colorBrandBackground },
  text: { fontSize: "10px", fill: tokens.colorNeutralForeground2 },
});

export function CountPicture({ dates }: { dates: PolicyPreview["dates"] }) {
  const styles = useStyles();
  const zone = useZone();
  const most = Math.max(1, ...dates.map(({ count }) => count));
  const step = WIDTH / Math.max(1, dates.length);
  const told = dates.map(({ time, count }) => `${dayText(time, zone)}: ${counted(count, "recovery point")}`);
  return (
    <svg aria-label={told.join("; ")} className={styles.picture} role="img" viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
      {dates.map(({ time, count }, at) => {
        const height = (count / most) * (BASE - 14);
        return (
          <g key={time}>
            <title>{told[at]}</title>
            <rect className={styles.bar} height={height} rx={2} width={step * 0.7} x={at * step + step * 0.15} y={BASE - height} />
            <text className={styles.text} textAnchor="middle" x={at * step + step / 2} y={BASE - height - 3}>
              {count}
            </text>
            {(at === 0 || at === dates.length - 1 || at === Math.floor(dates.length / 2)) && (
              <text className={styles.text} textAnchor={at === 0 ? "start" : at === dates.length - 1 ? "end" : "middle"} x={at === 0 ? 0 : at === dates.length - 1 ? WIDTH : at * step + step / 2} y={HEIGHT - 8}>
                {dayText(time, zone)}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}
