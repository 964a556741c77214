/** Recovery points as a list, with why each is kept. */
import { Button, Caption1 } from "@fluentui/react-components";
import { useState } from "react";
import type { Point } from "../../api/types";
import type { Column, Sort } from "../../shared/columns";
import { counted } from "../../shared/format";
import { Time } from "../../shared/Time";
import { VirtualTable } from "../../shared/VirtualTable";

const FIRST: Sort = { column: "time", descending: true };

interface Props {
  points: readonly Point[];
  chosen: string | null;
  onChoose: (point: string) => void;
}

export function PointTable({ points, chosen, onChoose }: Props) {
  const [sort, setSort] = useState(FIRST);
  return (
    <>
      <VirtualTable
        columns={columnsWith(chosen, onChoose)}
        height="360px"
        idOf={(point) => point.name}
        label="Recovery points"
        rows={points}
        sort={sort}
        onSort={setSort}
      />
      <Caption1>{counted(points.length, "recovery point")}</Caption1>
    </>
  );
}

const columnsWith = (chosen: string | null, onChoose: (point: string) => void): Column<Point>[] => [
  {
    key: "time",
    label: "Taken",
    width: 210,
    grow: 1,
    show: ({ name, properties }) => (
      <Button appearance="transparent" aria-pressed={name === chosen} size="small" onClick={() => onChoose(name)}>
        <Time at={properties.recoveryPointTime} />
      </Button>
    ),
    by: ({ properties }) => Date.parse(properties.recoveryPointTime),
  },
  { key: "tag", label: "Retention rule", width: 120, show: ({ properties }) => properties.retentionTagName, by: ({ properties }) => properties.retentionTagName },
  {
    key: "until",
    label: "Kept until",
    width: 190,
    grow: 1,
    show: ({ properties }) => <Time at={properties.retention?.keptUntil ?? properties.expiryTime} none="further notice" />,
    by: ({ properties }) => Date.parse(properties.retention?.keptUntil ?? properties.expiryTime ?? "9999-12-31"),
  },
  {
    key: "why",
    label: "Why",
    width: 220,
    grow: 3,
    show: ({ properties }) => {
      const why = properties.retention?.isGoing ? "goes with the next look" : (properties.retention?.reasons ?? []).join("; ");
      return <span title={why}>{why}</span>;
    },
  },
  { key: "state", label: "State", width: 100, show: ({ properties }) => properties.recoveryPointState, by: ({ properties }) => properties.recoveryPointState },
];
